import { plainModel } from './model-name';

/** Models of a kind, and each by its plain names: a table is looked into once for each job of a ledger. */
export interface ModelTable<Model> {
  readonly models: readonly Model[];
  readonly byName: ReadonlyMap<string, Model>;
}

/**
 * @param namesOf all names of a model, as people and drivers write them
 * @returns of several models with one plain name the first by it
 */
export function modelTable<Model>(
  models: readonly Model[],
  namesOf: (model: Model) => readonly string[],
): ModelTable<Model> {
  const byName = new Map<string, Model>();
  for (const model of models)
    for (const name of namesOf(model).map(plainModel)) if (!byName.has(name)) byName.set(name, model);
  return { models, byName };
}

/** The model that a maker, a driver or /proc/cpuinfo calls so; null: there is none, or it is not told which of several. */
export function findModel<Model>({ byName }: ModelTable<Model>, name: string): Model | null {
  return byName.get(plainModel(name)) ?? null;
}
