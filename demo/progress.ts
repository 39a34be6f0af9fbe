import { dayOf, endOfMonth, inYear } from './calendar.js';

const WIDTH = 40;
const START = inYear('01-01').getTime();
const LENGTH = endOfMonth(11).getTime() - START;

/** How far the year has come: one line that is drawn again on a terminal, a line per month elsewhere. */
export class Progress {
  private shown = '';

  constructor(private readonly out: NodeJS.WriteStream) {}

  show(now: Date): void {
    if (!this.out.isTTY) return;
    const share = Math.min(1, Math.max(0, (now.getTime() - START) / LENGTH));
    const done = Math.round(share * WIDTH);
    const line = `[${'#'.repeat(done)}${'.'.repeat(WIDTH - done)}] ${String(Math.floor(share * 100)).padStart(3)} %  ${dayOf(now)}`;
    if (line === this.shown) return;
    this.shown = line;
    this.out.write(`\r${line}`);
  }

  endMonth(month: string): void {
    if (!this.out.isTTY) this.out.write(`lived through ${month}\n`);
  }

  /** Leaves the line as it is, for what is printed next. */
  end(): void {
    if (this.shown !== '') this.out.write('\n');
    this.shown = '';
  }
}
