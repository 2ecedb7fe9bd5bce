/** The frame of all views: where one can go, whether what is shown is true, and who uses it. */
import { effect, signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { ConnectionBanner, ConnectionState } from './connection-state.js';
import { HelpDialog } from './keys/help.js';
import { useKeys } from './keys/keys.js';
import { go, href, route } from './route.js';
import { allRows, summary } from './state/fleet.js';
import { session, sessionError } from './state/session.js';
import { severityOf, troublesOf } from './state/trouble.js';
import { nextTheme, theme } from './state/theme.js';
import { AskDialog } from './ui/dialog.js';
import { Toast } from './ui/toast.js';
import { isStale } from './state/stale.js';
import { currentGroup } from './state/current-group.js';
import { ChangesView } from './views/changes/changes-view.js';
import { CommandsView } from './views/commands/commands-view.js';
import { CompareView } from './views/compare/compare-view.js';
import { ConfigurationView } from './views/configuration/configuration-view.js';
import { ConsoleSimulatorView } from './simulator/console-view.js';
import { EditView } from './views/edit/edit-view.js';
import { GroupView } from './views/group/group-view.js';
import { GroupsView } from './views/groups/groups-view.js';
import { LogsView } from './views/logs/logs-view.js';
import { SystemView } from './views/system/system-view.js';
import { TrafficView } from './views/traffic/traffic-view.js';

interface Place {
  readonly path: string;
  readonly title: string;
  readonly key: string;
  /** The group that was looked at is taken along. */
  readonly withGroup?: string;
}

const PLACES: readonly Place[] = [
  { path: 'groups', title: 'Groups', key: 'g g' },
  { path: 'compare', title: 'Compare', key: 'g m', withGroup: 'a' },
  { path: 'logs', title: 'Logs', key: 'g l', withGroup: 'group' },
  { path: 'traffic', title: 'Traffic', key: 'g t', withGroup: 'group' },
  { path: 'commands', title: 'Commands', key: 'g c' },
  { path: 'changes', title: 'Changes', key: 'g h' },
  { path: 'configuration', title: 'Configuration', key: 'g f' },
  { path: 'system', title: 'System', key: 'g s' },
];
const SIMULATOR: Place = { path: 'simulator', title: 'Simulator', key: 'g r' };

/** The simulator where there is one. */
const places = (): readonly Place[] => (session.value?.simulator ? [...PLACES, SIMULATOR] : PLACES);

const linkTo = ({ path, withGroup }: Place): string =>
  href([path], withGroup === undefined ? {} : { [withGroup]: currentGroup() });

const helpShown = signal(false);

/** Groups that are in trouble stand in the title of the tab. */
effect(() => {
  const bad = allRows().filter((row) => severityOf(troublesOf(row)) === 'bad').length;
  document.title = `${bad > 0 ? `(${bad}) ` : ''}IEC 104 console`;
});

export function App() {
  useKeys('Everywhere', [
    { keys: '?', does: 'this list', run: () => (helpShown.value = true) },
    ...places().map((place) => ({ keys: place.key, does: place.title, run: () => go(linkTo(place)) })),
    { keys: 'T', does: 'theme: as the system has it, dark, light', run: nextTheme },
  ]);
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the content
      </a>
      <header class="top">
        <Nav />
        <ConnectionState />
        <Who />
        <button type="button" class="quiet" onClick={nextTheme} data-tip="Theme (T): as the system has it, dark, light">
          {theme.value === 'system' ? 'Auto' : theme.value === 'dark' ? 'Dark' : 'Light'}
        </button>
        <button
          type="button"
          class="quiet"
          onClick={() => (helpShown.value = true)}
          aria-label="Keys"
          data-tip="Keys (?)"
        >
          ?
        </button>
      </header>
      <ConnectionBanner />
      <main id="main" tabIndex={-1} class={isStale() ? 'stale' : ''}>
        <View />
      </main>
      {helpShown.value && <HelpDialog onClose={() => (helpShown.value = false)} />}
      <AskDialog />
      <Toast />
    </>
  );
}

/** The hash is the route: it cannot be an anchor as well. */
function skip(event: MouseEvent): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function Nav() {
  const [here = 'groups'] = route.value.path;
  const at = here === 'group' || here === 'edit' ? 'groups' : here;
  const nav = useRef<HTMLElement>(null);
  // On a phone not all of them are in sight.
  useEffect(
    () => nav.current?.querySelector('[aria-current]')?.scrollIntoView({ inline: 'nearest', block: 'nearest' }),
    [at, places().length],
  );
  const bad = summary.value?.configurationDiffers === true || typeof summary.value?.configurationRefused === 'string';
  return (
    <nav aria-label="Views" ref={nav}>
      {places().map((place) => (
        <a
          key={place.path}
          href={linkTo(place)}
          aria-current={at === place.path ? 'page' : undefined}
          data-tip={`Key: ${place.key}`}
        >
          {place.title}
          {place.path === 'configuration' && bad && <span class="dot" role="img" aria-label="needs a look" />}
          {place.path === 'system' && (summary.value?.silentProcesses.length ?? 0) > 0 && (
            <span class="dot" role="img" aria-label="needs a look" />
          )}
        </a>
      ))}
    </nav>
  );
}

function Who() {
  if (session.value === undefined) {
    return sessionError.value === undefined ? null : <span class="who bad">{sessionError.value}</span>;
  }
  const { user, role, auth } = session.value;
  const tip = auth === 'none' ? 'No users are known here (--console-auth none)' : `Known by --console-auth ${auth}`;
  return (
    <span class="who" data-tip={tip}>
      {user === null ? role : `${user}, ${role}`}
    </span>
  );
}

function View() {
  const [view = 'groups', id = ''] = route.value.path;
  switch (view) {
    case 'groups':
      return <GroupsView />;
    case 'group':
      return <GroupView key={id} id={id} />;
    case 'edit':
      return <EditView key={id} id={id} />;
    case 'compare':
      return <CompareView />;
    case 'logs':
      return <LogsView />;
    case 'traffic':
      return <TrafficView />;
    case 'commands':
      return <CommandsView />;
    case 'changes':
      return <ChangesView />;
    case 'configuration':
      return <ConfigurationView />;
    case 'system':
      return <SystemView />;
    case 'simulator':
      return <ConsoleSimulatorView />;
    default:
      return (
        <div class="empty">
          <h1>There is no view “{view}”</h1>
          <p>
            <a href={href(['groups'])}>All groups</a>
          </p>
        </div>
      );
  }
}
