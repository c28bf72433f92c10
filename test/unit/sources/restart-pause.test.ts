import { RestartPause } from '../../../src/sources/restart-pause';

const take = (pause: RestartPause, count: number): number[] =>
  Array.from({ length: count }, () => pause.take() / 1000);

test('pauses grow to a minute', () => {
  expect(take(new RestartPause(), 9)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
});

test('they begin anew once it has done well', () => {
  const pause = new RestartPause();
  take(pause, 5);
  pause.reset();
  expect(take(pause, 3)).toEqual([1, 2, 4]);
});

test('they are as short and as long as they are told to be', () => {
  const pause = new RestartPause({ firstMs: 20, longestMs: 70 });
  expect(Array.from({ length: 5 }, () => pause.take())).toEqual([20, 40, 70, 70, 70]);
  pause.reset();
  expect(pause.take()).toBe(20);
});
