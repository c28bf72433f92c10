import fc from 'fast-check';
import {
  bytesText,
  durationText,
  energyText,
  massText,
  percentText,
  plainNumber,
  shareText,
} from '../../../src/report/units';

test.each([
  [0, '0 Wh'],
  [1, '1.00 kWh'],
  [1.234567, '1.23 kWh'],
  [12.3456, '12.3 kWh'],
  [123.456, '123 kWh'],
  [999.4, '999 kWh'],
  [999.6, '1.00 MWh'],
  [0.9996, '1.00 kWh'],
  [0.5, '500 Wh'],
  [0.000055, '55.0 mWh'],
  [5.5e-8, '55.0 µWh'],
  [2.8e-13, '0.280 nWh'],
  [2.5e6, '2.50 GWh'],
  [1e12, '1000000 GWh'],
])('%d kWh is %s', (kwh, text) => {
  expect(energyText(kwh)).toBe(text);
});

test.each([
  [0, '0 g'],
  [1.5, '1.50 kg'],
  [0.0123, '12.3 g'],
  [2.2e-8, '22.0 µg'],
  [1234.5, '1.23 t'],
])('%d kg is %s', (kg, text) => {
  expect(massText(kg)).toBe(text);
});

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1.00 KiB'],
  [1024 ** 2 - 1, '1024 KiB'],
  [1023.4 * 1024 ** 2, '1023 MiB'],
  [1024 ** 3, '1.00 GiB'],
  [81_559 * 1024 ** 2, '79.6 GiB'],
  [999.6 * 1024 ** 3, '1000 GiB'],
  [640 * 1024 ** 3, '640 GiB'],
  [2 ** 60, '1024 PiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});

test('only nothing is shown as nothing', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-18, max: 1e15, noNaN: true }), (kwh) => {
      const [digits, unit] = energyText(kwh).split(' ');
      expect(Number(digits)).toBeGreaterThan(0);
      const size =
        { nWh: 1e-12, µWh: 1e-9, mWh: 1e-6, Wh: 1e-3, kWh: 1, MWh: 1e3, GWh: 1e6 }[unit ?? ''] ?? NaN;
      expect(Math.abs(Number(digits) * size - kwh)).toBeLessThanOrEqual(kwh * 0.0051);
    }),
  );
});

test.each([
  [0, '0 s'],
  [0.2, '0.2 s'],
  [0.04, '0.04 s'],
  [12.34, '12.3 s'],
  [59.9, '59.9 s'],
  [59.96, '00:01:00'],
  [60, '00:01:00'],
  [3661.4, '01:01:01'],
  [86_399.6, '1-00:00:00'],
  [200_000, '2-07:33:20'],
])('%d s is %s', (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});

test.each([
  [1, '100 %'],
  [1.0001, '100 %'],
  [0.99999, '99.9 %'],
  [0.9996, '99.9 %'],
  [0.9994, '99.9 %'],
  [0.57, '57 %'],
  [0.6349, '63.4 %'],
  [0.0004, '<0.1 %'],
  [0, '0 %'],
])('%d is %s', (part, text) => {
  expect(percentText(part)).toBe(text);
});

test('a percentage says neither more than there is, nor all or nothing where it is a part', () => {
  const part = fc.double({ min: 1e-12, max: 1 - 1e-9, noNaN: true });
  fc.assert(
    fc.property(part, (of) => {
      const text = percentText(of);
      expect(text).toBe(shareText(of));
      expect(text === '<0.1 %' ? 0 : Number.parseFloat(text)).toBeLessThanOrEqual(of * 100 + 1e-9);
      expect(['0 %', '100 %']).not.toContain(text);
    }),
  );
  // Doubles that were added up in another order lack nothing.
  expect(percentText(1 - 2 ** -50)).toBe('100 %');
  expect(shareText(1.2199)).toBe('121.9 %');
});

test.each([
  [0, '0'],
  [300, '300'],
  [0.1 + 0.2, '0.3'],
  [5.5e-8, '0.000000055'],
  [2.777777777777e-13, '0.000000000000277777777778'],
  [123456789.125, '123456789.125'],
])('%d is %s for programs', (value, text) => {
  expect(plainNumber(value)).toBe(text);
});

test('numbers for programs have no exponent and keep their value', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-15, max: 1e15, noNaN: true }), (value) => {
      expect(plainNumber(value)).toMatch(/^\d+(\.\d+)?$/);
      expect(Math.abs(Number(plainNumber(value)) - value)).toBeLessThanOrEqual(value * 1e-11);
    }),
  );
});
