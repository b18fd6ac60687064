/** The packs that a program needs: those of the guide's, and what its text imports. */
export function packsOf(packs, listed, broker, source) {
  const wanted = new Set(["base", "own", broker, ...listed]);
  wanted.delete("python");
  const imports = /^[ \t]*(?:from|import)[ \t]+([\w.]+)/gm;
  const modules = [...source.matchAll(imports)].map(([, module]) => module);
  for (const [name, pack] of Object.entries(packs)) {
    const has = (module) => pack.wanted_by.some((each) => `${module}.`.startsWith(`${each}.`));
    if (modules.some(has)) wanted.add(name);
  }
  for (const name of [...wanted]) packs[name].needs.forEach((each) => wanted.add(each));
  return [...wanted];
}
