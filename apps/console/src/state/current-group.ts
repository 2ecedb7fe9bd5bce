/** The group that is, or was last, looked at: other views begin with it. */
import { effect, signal } from '@preact/signals';
import { route } from '../route.js';
import { order } from './fleet.js';

const last = signal<string | undefined>(undefined);

effect(() => {
  const { path, query } = route.value;
  const [view, id] = path;
  const shown = view === 'group' || view === 'edit' ? id : (query.get('group') ?? query.get('a'));
  if (shown !== undefined && shown !== null) last.value = shown;
});

export const currentGroup = (): string | undefined => last.value ?? order.value[0];
