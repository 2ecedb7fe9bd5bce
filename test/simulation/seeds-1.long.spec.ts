import { describeSeeds } from './runner/seeds.ts';

describeSeeds(0, 2, 101, 300);
