import { createRoot } from 'react-dom/client';
import './app/fonts.css';
import { App } from './app/App';

if (!location.pathname.startsWith('/app')) history.replaceState(null, '', '/app/');
createRoot(document.getElementById('root')!).render(<App />);
