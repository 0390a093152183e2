import { type Api, createApi, datasourceBody, listed } from '../api-fixture.ts';

/** An API with one synced datasource, `docs`, of these keys (three by default). */
export async function syncedApi(keys?: readonly string[], options: Parameters<typeof createApi>[0] = {}): Promise<Api> {
  const api = createApi(options);
  if (keys !== undefined) api.objects.splice(0, api.objects.length, ...keys.toSorted().map((key) => listed(key)));
  await api.call('POST', '/datasource/', { body: datasourceBody({ id: 'docs' }, { extensions: [] }) });
  await syncAgain(api);
  return api;
}

export async function syncAgain(api: Api): Promise<void> {
  await api.call('POST', '/datasource/docs/_sync');
  await api.work();
}
