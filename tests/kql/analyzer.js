// Reads {"queries": [{"text", "tables": {table: [[column, type], ...]}}]} and answers, for each query in order, with
// {"columns": [[name, type], ...]} or {"errors": [message, ...]}, as Microsoft's analyzer (npm: @kusto/language-service-next,
// whose folder is the only argument) sees them.
'use strict';

const { readFileSync } = require('fs');
const { join } = require('path');
const { runInThisContext } = require('vm');

const folder = process.argv[2];
for (const script of ['bridge.min.js', 'Kusto.Language.Bridge.min.js']) runInThisContext(readFileSync(join(folder, script), 'utf8'));
const { KustoCode, GlobalState, Symbols } = globalThis.Kusto.Language;

function* items(sequence) {
  const cursor = globalThis.Bridge.getEnumerator(sequence);
  while (cursor.moveNext()) yield cursor.Current;
}

// An error of the analyzer's own translation to JavaScript is reported as such, not as an answer.
function described(query, state) {
  let code;
  try {
    code = KustoCode.ParseAndAnalyze(query.text, state);
  } catch (crash) {
    return { errors: [`the analyzer failed: ${crash.message || crash}`] };
  }
  const errors = [...items(code.GetDiagnostics())].filter(each => each.Severity === 'Error').map(each => each.Message);
  if (errors.length) return { errors };
  const result = code.ResultType;
  if (!(result instanceof Symbols.TableSymbol)) return { errors: ['the result is no table'] };
  return { columns: [...items(result.Columns)].map(column => [column.Name, column.Type.Name]) };
}

// The state is costly to make, and queries of one file share their tables.
const states = new Map();
function state(tables) {
  const key = JSON.stringify(tables);
  if (!states.has(key)) {
    const symbols = Object.entries(tables).map(
      ([name, columns]) => Symbols.TableSymbol.From(`(${columns.map(([column, type]) => `['${column}']: ${type}`).join(', ')})`).WithName(name));
    states.set(key, GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor('db', symbols)));
  }
  return states.get(key);
}

const { queries } = JSON.parse(readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(queries.map(query => described(query, state(query.tables)))));
