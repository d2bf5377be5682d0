/** What the terminal uses of the helper: its installation. The host itself is a program of its own, `main.ts`. */
export { type DoctorCheck, type DoctorOptions, type DoctorReport, doctor } from './doctor.ts';
export {
  type InstallOptions,
  type InstallProblem,
  type InstallResult,
  installHelper,
  type PlannedFile,
  planInstall,
  type UninstallOptions,
  type UninstallResult,
  uninstallHelper,
} from './install.ts';
export { type BrowserName, browserNames, type Places, placesOf } from './places.ts';
