/**
 * What the panel's store holds, and what may change it. Traces are not in it (see runBook.ts): views read the book when a
 * run's revision changes.
 */
import type { StoreApi } from 'zustand/vanilla';
import type { BackgroundClient, CheckNews, ClientState } from '../../src/bridge/client.ts';
import type { PageConnection, PageState } from '../../src/bridge/page.ts';
import type { CheckPlan, RunSummary, SweepStatus } from '../../src/bridge/panel.ts';
import type { CellResult, ReadSweep, StorySide, SweepShape } from '../../src/scenario/index.ts';
import type { BufferId, PacketRange } from '../../src/trace/buffers.ts';
import type { Problem } from '../../src/trace/problem.ts';
import type { Axes } from './axes.ts';
import type { FormState } from './form.ts';
import type { GivenFile } from './opening.ts';
import type { RunBook } from './runBook.ts';
import type { ScenarioText, TextTools } from './scenario.ts';
import type * as select from './selection.ts';
import type { ViewOptions } from './view.ts';

/** Something the user should know about an action of theirs; stays until dismissed or replaced. */
export interface Notice {
  readonly text: string;
  readonly tone: 'bad' | 'quiet';
  /** It tells of a deletion, and offers to undo it. */
  readonly undo?: true;
}

/** A handshake of a run. */
export interface Baseline {
  readonly run: string;
  readonly handshake: string;
}

/** The sweep that the background has. */
export interface ShownSweep {
  readonly status: SweepStatus;
  readonly text: string;
  readonly file: string;
  readonly shape: SweepShape;
  readonly results: ReadonlyMap<number, CellResult>;
}

/** What the text in the editor would run. */
export interface PlannedSweep {
  readonly text: string;
  readonly read: ReadSweep;
}

export interface PanelState {
  readonly connection: Pick<ClientState, 'link' | 'background'>;
  readonly helper: ClientState['helper'];
  readonly checkingHelper: boolean;
  /** What was said about the helper is put away, until it is in another state. */
  readonly helperHidden: ClientState['helper']['kind'] | undefined;
  readonly form: FormState;
  /** A start was asked for and not answered yet. */
  readonly starting: boolean;
  /** In order of starting, those that the background forgot and the panel still holds included. */
  readonly runs: readonly RunSummary[];
  readonly revisions: Readonly<Record<string, number>>;
  readonly selection: select.Selection;
  readonly view: ViewOptions;
  /** The handshake that others are compared with. */
  readonly baseline: Baseline | undefined;
  readonly notice: Notice | undefined;
  /** How many runs `undoRemove` would bring back. */
  readonly deleted: number;
  /** What was wrong with files that were read in part, by run. */
  readonly problems: Readonly<Record<string, readonly Problem[]>>;
  /** What the middle shows, unless the side is at the inspected page. */
  readonly place: Place;
  /** The scenario as a text, once somebody has looked at it. */
  readonly scenario: ScenarioText | undefined;
  /** The background's sweep. */
  readonly sweep: ShownSweep | undefined;
  /** The sweep that the text in the editor is, once it was read as one. */
  readonly plan: PlannedSweep | undefined;
  /** The background's check of a peer. */
  readonly check: CheckNews | undefined;
  /** What a check would try, once that was asked for. */
  readonly checkPlan: CheckPlan | undefined;
  /** Whether every datagram of long flights is tried. */
  readonly thorough: boolean;
  /** What the side shows; undefined until somebody has chosen. */
  readonly side: SideTab | undefined;
  /** The page that is inspected; undefined where the panel inspects none. */
  readonly inspected: Inspected | undefined;
  readonly page: PageState | undefined;
  /** The connection of the page that is looked at, and all of it once it has come. */
  readonly chosen: string | undefined;
  readonly whole: PageConnection | undefined;
}

/** Where one can be: at a handshake, or at one of the ways to make one fail again. */
export const places = ['run', 'scenario', 'failures', 'sweep', 'check'] as const;
export type Place = (typeof places)[number];

export type SideTab = 'options' | 'runs' | 'page';

/** The tab that the panel belongs to. */
export interface Inspected {
  readonly tab: number;
  /** Where it is now; empty while that is not known. */
  readonly origin: string;
  /** Whether the browser lets this very panel ask for permissions. */
  readonly mayAsk: boolean;
}

/** What the browser gives the panel around its page. */
export interface PageAccess {
  readonly inspected: Inspected;
  /** Asks the user for a host, in the turn of their click; resolves with their answer. */
  readonly request: (pattern: string) => Promise<boolean>;
  /** Loads the page again; undefined where the panel can't. */
  readonly reload: (() => void) | undefined;
  /** Calls back when the page goes to another origin. */
  readonly onMove: (hear: (origin: string) => void) => void;
}

export interface Actions {
  /** Replaces the form by what a pure function of form.ts makes of it. */
  editForm(edit: (form: FormState) => FormState): void;
  start(): Promise<void>;
  goTo(place: Place): void;
  /** Loads what reads scenario files, and writes the form's scenario if there is none. */
  openEditor(): Promise<void>;
  typeScenario(text: string): void;
  /** Writes the text from the form, and gives up what only the text had. */
  rewriteScenario(): void;
  /** Runs one side of a known failure. */
  runStory(id: string, side: StorySide): Promise<void>;
  /** Runs both, pins the mended one, and shows what is different in the failing one. */
  compareStory(id: string): Promise<void>;
  editStory(id: string, side: StorySide): Promise<void>;
  /** Reads the text in the editor as a sweep. */
  planSweep(): void;
  /** What is varied, into the text. */
  setAxes(axes: Axes): Promise<void>;
  startSweep(): Promise<void>;
  /** No further handshake begins. */
  stopSweep(): Promise<void>;
  resumeSweep(): Promise<void>;
  clearSweep(): Promise<void>;
  /** Shows a handshake of a cell: the first that was not as expected, or its first. */
  openCell(cell: number): Promise<void>;
  /** Asks what a check would try; nothing is sent. */
  planCheck(thorough: boolean): Promise<void>;
  /** Checks the form's target. */
  startCheck(): Promise<void>;
  stopCheck(): Promise<void>;
  clearCheck(): Promise<void>;
  /** Shows a trial of the check, at a datagram that a result is about. */
  openTrial(trial: number, packet: number | undefined): Promise<void>;
  /** Shows a scenario file; `file` is its name. */
  openScenario(text: string, file?: string): Promise<void>;
  /** Gives a run the peer's answer to its offer. */
  answer(run: string, sdp: string): Promise<void>;
  /** Stops the selected run, or the newest that runs. */
  stop(): Promise<void>;
  /** Takes a run off the list; until the next deletion it can be brought back. */
  remove(run: string): Promise<void>;
  removeAll(): Promise<void>;
  /** Brings back what the last deletion took, of this panel or, when it made none, of another. */
  undoRemove(): Promise<void>;
  checkHelper(): Promise<void>;
  hideHelper(hidden: boolean): void;
  /** Shows captures and traces as runs, and joins key logs to what they belong to, open already or opened later. */
  openFiles(files: readonly GivenFile[]): Promise<void>;
  selectRun(run: string): void;
  selectHandshake(handshake: string): void;
  selectTarget(target: select.Target, details?: boolean, field?: select.SelectedField): void;
  selectField(field: select.SelectedField | undefined): void;
  showTab(buffer: BufferId): void;
  selectEvidence(
    finding: number,
    evidence: readonly PacketRange[],
    target: select.Target,
    field: select.SelectedField | undefined,
  ): void;
  openDetails(open: boolean): void;
  /** Esc: the details first, then what is selected. */
  letGo(): void;
  setView(view: Partial<ViewOptions>): void;
  /** Chooses the handshake that others are compared with; `undefined` lets it go. */
  pin(baseline: Baseline | undefined): void;
  showSide(tab: SideTab): void;
  /** Looks at a connection of the page, or at none. */
  selectConnection(connection: string | undefined): void;
  /** Asks for the permission, and has a site watched from the next load of its pages on. Call it in the turn of the click. */
  armSite(origin: string): Promise<void>;
  disarmSite(origin: string): Promise<void>;
  reloadPage(): void;
  /** Starts a run that waits for the page's next connection. */
  standIn(): Promise<void>;
  /** Says that a stand-in may send to these destinations. */
  allow(session: string, destinations: readonly string[]): Promise<void>;
  stopStandIn(session: string): Promise<void>;
  openAsTab(): Promise<void>;
  notify(notice: Notice | undefined): void;
  dispose(): void;
}

export interface Panel {
  readonly store: StoreApi<PanelState>;
  readonly book: RunBook;
  readonly actions: Actions;
  /** What the browser calls the extension; a private build has an id that the helper's installer must be told. */
  readonly extensionId: string | undefined;
  readonly canReload: boolean;
}

export interface PanelOptions {
  readonly access?: PageAccess | undefined;
  readonly client: BackgroundClient;
  readonly book: RunBook;
  readonly form?: FormState;
  readonly view?: Partial<ViewOptions>;
  /** What was in the editor when the panel was closed. */
  readonly scenarioText?: string | undefined;
  /** Loads what reads and edits scenario files. */
  readonly loadTools?: () => Promise<TextTools>;
  readonly extensionId?: string;
  /** What reads files, for their headers: "dtlscope 0.1.0". */
  readonly tool?: string;
  /** Wall clock, ms since 1970. */
  readonly now?: () => number;
  /** Puts off publishing revisions (an animation frame in the panel), so that a burst of events draws once. */
  readonly later?: (work: () => void) => void;
}
