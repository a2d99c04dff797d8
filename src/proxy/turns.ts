/** How long turns of the event loop take, from the first request of each on: asked while requests are shed. */
export class Turns {
  /** Since when the one that is under way handles requests; 0 where there is none. */
  private beganMs = 0
  private sumMs = 0
  private squares = 0

  /** A request is handled. */
  met(nowMs: number): void {
    if (this.beganMs !== 0) return
    this.beganMs = nowMs
    setImmediate(endTurn, this)
  }

  end(nowMs: number): void {
    const ms = nowMs - this.beganMs
    this.beganMs = 0
    this.sumMs += ms
    this.squares += ms * ms
  }

  /**
   * Of those since the last question, the length that one has in which something comes: long ones count as often as they
   * are long. It is what a request waits, half of it in the turn in which it came and half in its own. 0 where there was none.
   */
  take(): number {
    const ms = this.sumMs === 0 ? 0 : this.squares / this.sumMs
    this.sumMs = 0
    this.squares = 0
    return ms
  }
}

function endTurn(turns: Turns): void {
  turns.end(performance.now())
}
