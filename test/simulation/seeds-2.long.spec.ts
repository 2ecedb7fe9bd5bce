import { describeSeeds } from './runner/seeds.ts';

describeSeeds(1, 2, 101, 300);
