/** Cells run again one after another, as the repair plan orders them. */

export class Repair {
  /** `runCell` runs one cell and tells whether it ended well; a cell that is not there any more has nothing to fail at. */
  constructor(runCell: (cellId: string) => Promise<boolean>) {
    this._runCell = runCell;
  }

  /** Run these cells in this order up to the first that fails, after what was asked for before. */
  run(cellIds: readonly string[]): Promise<void> {
    const turn = this._last.then(() => this._runInOrder(cellIds));
    this._last = turn.catch(() => undefined);
    return turn;
  }

  private async _runInOrder(cellIds: readonly string[]): Promise<void> {
    for (const cellId of cellIds) {
      if (!(await this._runCell(cellId))) {
        return;
      }
    }
  }

  private readonly _runCell: (cellId: string) => Promise<boolean>;
  private _last: Promise<void> = Promise.resolve();
}

/** Whether the kernel side will hand something over to the page when this code runs: a repair plan, or a mark. */
export function asksForPage(source: string): boolean {
  return /^\s*%(?:prodcheck\b.*\s--fix|prodmark)\b/m.test(source);
}
