export { type Background, isInBackground, startInBackground, tellFailure, tellReady } from './background.js';
export { bridgeControl } from './bridge-control.js';
export { type Level, LogFile } from './log-file.js';
export { PidFile } from './pid-file.js';
export { Announcement, findRun, listRuns, type Run } from './runs.js';
export {
  askSteering,
  type HeavyId,
  STEER_COMMAND,
  SteeringServer,
} from './steering-control.js';
export { stopRun } from './stop-run.js';
export { isJournal, journalLine, notifyManager } from './systemd.js';
