import { startFunction } from '../../shared/http/start.ts';
import { mayConcern } from './decide.ts';
import { detect } from './handler.ts';

startFunction('detect', ({ config }) => detect(config), mayConcern);
