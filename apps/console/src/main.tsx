import { render } from 'preact';
import { startStream } from './api/stream.js';
import { App } from './app.js';
import { startDrafts } from './views/edit/draft.js';
import { startKeys } from './keys/keys.js';
import { startRouting } from './route.js';
import { startFleet } from './state/fleet.js';
import { startSession } from './state/session.js';
import { startTheme } from './state/theme.js';
import { startClock } from './state/time.js';
import './styles/index.css';
import { startFocus } from './ui/focus.js';
import { startTips } from './ui/tips.js';

const root = document.getElementById('app');
if (root === null) throw new Error('index.html has no element with the id app');

startTheme();
startRouting();
startClock();
startKeys();
startDrafts();
startTips();
startFocus();
startFleet();
startStream();
startSession();
render(<App />, root);
