/** All views of the page, by name: their part of the URL, and a text that is there once they show real data. */
export const VIEWS: Readonly<Record<string, { readonly path: string; readonly shows: RegExp }>> = {
  groups: { path: '#/groups', shows: /started/ },
  group: { path: '#/group/1', shows: /127\.0\.0\.11:\d+/ },
  edit: { path: '#/edit/1', shows: /port no/ },
  compare: { path: '#/compare?a=1&b=2', shows: /RTU sends data/ },
  logs: { path: '#/logs?group=1', shows: /RTU sends data/ },
  traffic: { path: '#/traffic?group=1', shows: /M_SP_TB_1/ },
  commands: { path: '#/commands', shows: /C_SC_NA_1/ },
  changes: { path: '#/changes', shows: /is closed and opened anew/ },
  configuration: { path: '#/configuration', shows: /groups\.csv/ },
  system: { path: '#/system', shows: /answers/ },
  simulator: { path: '#/simulator', shows: /M_SP_TB_1 IOA 101/ },
};
