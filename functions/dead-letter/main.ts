import { startFunction } from '../../shared/http/start.ts';
import { deadLetter } from './handler.ts';

startFunction('dead-letter', ({ log }) => deadLetter(log));
