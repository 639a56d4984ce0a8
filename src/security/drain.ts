import { Injectable } from '@nestjs/common';

/** Whether the process is on its way out: it answers what comes, asks for no more, and is not ready. */
@Injectable()
export class Drain {
  private begun = false;

  get hasBegun(): boolean {
    return this.begun;
  }

  begin(): void {
    this.begun = true;
  }
}
