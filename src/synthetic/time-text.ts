const DAY_MS = 86_400_000;
const TWO = Array.from({ length: 60 }, (_, i) => String(i).padStart(2, '0'));
const THREE = Array.from({ length: 1000 }, (_, i) => String(i).padStart(3, '0'));

/** Writes times (Unix ms) as records do; most are of the same day as the one before. */
export class TimeText {
  #dayMs = NaN;
  #day = '';

  of(atMs: number): string {
    const ofDay = atMs % DAY_MS;
    if (atMs - ofDay !== this.#dayMs) {
      this.#dayMs = atMs - ofDay;
      this.#day = new Date(atMs).toISOString().slice(0, 'YYYY-MM-DDT'.length);
    }
    const seconds = Math.floor(ofDay / 1000);
    const minutes = Math.floor(seconds / 60);
    const hours = Math.floor(minutes / 60);
    const clock = `${TWO[hours]}:${TWO[minutes - hours * 60]}:${TWO[seconds - minutes * 60]}`;
    return `${this.#day}${clock}.${THREE[ofDay - seconds * 1000]}Z`;
  }
}
