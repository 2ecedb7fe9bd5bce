import { render } from 'preact';
import { SimulatorView } from './simulator-view.js';
import '../styles/tokens.css';
import '../styles/base.css';
import '../styles/frame.css';
import '../styles/tables.css';
import { startTips } from '../ui/tips.js';

const root = document.getElementById('app');
if (root === null) throw new Error('simulator.html has no element with the id app');
startTips();
render(<SimulatorView />, root);
