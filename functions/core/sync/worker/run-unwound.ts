/** Unwinds a run that someone canceled; it never reaches a user. */
export class RunCanceled extends Error {
  constructor() {
    super('the run was canceled');
    this.name = 'RunCanceled';
  }
}

/** Unwinds a run whose invocation has no more time; another invocation goes on with it. */
export class RunYielded extends Error {
  /** It had to wait for the table, and may have got nowhere for it. */
  readonly pushedBack: boolean;

  constructor(pushedBack = false) {
    super('the run goes on in another invocation');
    this.name = 'RunYielded';
    this.pushedBack = pushedBack;
  }
}
