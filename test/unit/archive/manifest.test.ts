import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeManifest } from '../../../src/archive/manifest';
import type { ArchiveManifest } from '../../../src/generated/manifest';
import { TestLedger } from './compacted';

test('a manifest that nobody could read is not written', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'eit-manifest-'));
  const broken = { schema: 1, generation: 1, time_zone: null } as unknown as ArchiveManifest;
  await expect(writeManifest(dir, broken, { file: 0o600, folder: 0o700 })).rejects.toThrow('manifest.json');
  expect(readdirSync(dir)).toEqual([]);
  rmSync(dir, { recursive: true });
});

test('a zone that does not exist leaves the inbox to be taken in with one that does', async () => {
  const ledger = new TestLedger('two-clusters');
  const nowMs = Date.parse('2026-02-01T12:00:00Z');
  await expect(ledger.compact('alpha', nowMs, { timeZone: null as unknown as string })).rejects.toThrow(
    'time_zone',
  );
  expect((await ledger.compact('alpha', nowMs)).records).toBeGreaterThan(0);
  ledger.remove();
});
