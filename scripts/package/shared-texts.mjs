// Texts that are made for the packages: licences, bill of materials, man pages, completion for fish and zsh.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { top } from '../child.mjs';
import { loadCommands } from '../man/commands.mjs';
import { manPages } from '../man/pages.mjs';
import { billOfMaterials } from './bill-of-materials.mjs';
import { fishCompletion, zshCompletion } from './completions.mjs';
import { componentsOf } from './components.mjs';
import { licenceTexts } from './licences.mjs';
import { KINDS } from './tree.mjs';

/**
 * @param dateS the packages' time, in seconds since 1970
 * @returns of a kind of package: its texts, path to content
 */
export async function sharedTexts(dateS) {
  const { version } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'));
  const loaded = await loadCommands(version);
  const pages = manPages(loaded, { version, dateS });
  const manuals = Object.fromEntries(
    Object.entries(pages).map(([file, text]) => [`share/man/man${file.slice(-1)}/${file}`, text]),
  );
  return (kind) => {
    const components = componentsOf(kind);
    const { name, summary } = KINDS[kind];
    return {
      ...manuals,
      'share/fish/eit.fish': fishCompletion(loaded.commands),
      'share/zsh/_eit': zshCompletion(loaded.commands),
      'THIRD-PARTY-LICENSES': licenceTexts(components),
      'sbom.cdx.json': billOfMaterials({ name, version, description: summary }, components, dateS),
    };
  };
}
