import { mount } from 'svelte';
import App from './App.svelte';
import './app.css';
import { askAhead } from './state/ahead';

askAhead();
mount(App, { target: document.getElementById('page')! });
