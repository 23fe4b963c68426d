/**
 * Reads of records end in the turn of the event loop in which they begin, and so does a caller that reads again and again: a listing by
 * delimiter looks at a thousand places. So what is read in one turn is counted, and when it is enough others have theirs first.
 */

/** About microseconds of reading from blocks that are not in memory. */
const TURN_COST_MAX = 2000;
export const GET_COST = 10;
/** To find the first record of a range in all runs. */
export const SEEK_COST = 50;

export class ReadTurns {
  #cost = 0;
  /** Ends with this turn; undefined: nothing was read in it. */
  #turn: Promise<void> | undefined;

  /** Before a read of about so much: resolves in a turn that has room for it; undefined: this one has. */
  begin(cost: number): Promise<void> | undefined {
    if (this.#cost >= TURN_COST_MAX) return this.#wait(cost);
    this.add(cost);
    return undefined;
  }

  /** To be told of what was read beyond that. */
  add(cost: number): void {
    this.#cost += cost;
    this.#turn ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#cost = 0;
        this.#turn = undefined;
        resolve();
      });
    });
  }

  async #wait(cost: number): Promise<void> {
    while (this.#cost >= TURN_COST_MAX) await this.#turn;
    // Before the next of those that wait looks.
    this.add(cost);
  }
}
