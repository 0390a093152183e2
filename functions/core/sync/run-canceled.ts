/** Unwinds a run that someone canceled; it never reaches a user. */
export class RunCanceled extends Error {
  constructor() {
    super('the run was canceled');
    this.name = 'RunCanceled';
  }
}
