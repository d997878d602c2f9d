import { render } from 'preact';
import { App } from './app.tsx';
// oxlint-disable-next-line import/no-unassigned-import -- a style sheet
import './style.css';

render(<App />, document.querySelector('#app')!);
