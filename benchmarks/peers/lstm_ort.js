// Times ONNX Runtime on the infer_seq rows of `compare`. One JSON object per row.
//   node lstm_ort.js [--filter REGEX] [--threads N] [--budget SECONDS] [--serve]
// --serve prepares one row and answers each number of iterations on its input with the seconds they took.
// Node adds some 10 µs to each call: fair for sequences, which is why there are no single steps here.
'use strict';
const fs = require('fs');
const path = require('path');
const { parseArgs } = require('util');

const sampleSeconds = 0.01;
const fewestSamples = 5;

const text = { type: 'string' };
const { values } = parseArgs({
  options: {
    filter: { ...text, default: '' },
    threads: { ...text, default: '1' },
    budget: { ...text, default: '2' },
    serve: { type: 'boolean', default: false },
  },
});
const filter = new RegExp(values.filter);
const threads = Number(values.threads);
const budget = Number(values.budget);

const ort = load();
const peer = 'ONNX Runtime ' + require('onnxruntime-node/package.json').version.match(/^\d+\.\d+/)[0];

function load() {
  try {
    return require('onnxruntime-node');
  } catch {
    console.error('ONNX Runtime is not installed');
    process.exit(1);
  }
}

// A batch through the model, its output into the same tensor each time.
async function sequence([i, h, , batch, steps], name) {
  const session = await ort.InferenceSession.create(path.join(__dirname, 'models', `${name}.onnx`), {
    intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: 'sequential', graphOptimizationLevel: 'all',
  });
  const x = Float32Array.from({ length: steps * batch * i }, () => 2 * Math.random() - 1);
  const y = new Float32Array(steps * batch * h);
  const feeds = { x: new ort.Tensor('float32', x, [steps, batch, i]) };
  const fetches = { y: new ort.Tensor('float32', y, [steps, batch, h]) };
  const run = () => session.run(feeds, fetches);
  const result = await run();
  if (!result.y.data.some((value) => value !== 0)) {
    throw new Error(`${name}: the model did not run`);
  }
  return run;
}

async function sample(run, inner) {
  const start = performance.now();
  for (let n = 0; n < inner; n++) {
    await run();
  }
  return (performance.now() - start) / 1000 / inner;
}

async function time(run) {
  let inner = 1;
  while (await sample(run, inner) * inner < sampleSeconds) {
    inner *= 2;
  }
  let start = performance.now();
  while (performance.now() - start < 250 * budget) {
    await sample(run, inner);
  }
  const samples = [];
  const cpu = process.cpuUsage();
  start = performance.now();
  while (samples.length < fewestSamples || performance.now() - start < 1000 * budget) {
    samples.push(await sample(run, inner));
  }
  const { user, system } = process.cpuUsage(cpu);
  const share = (user + system) / 1000 / (performance.now() - start);
  return { samples: samples.sort((a, b) => a - b), n: samples.length * inner, share };
}

// An eighth as many iterations go before, untimed.
async function serve(run) {
  console.log(peer);
  for await (const line of require('readline').createInterface({ input: process.stdin })) {
    const iterations = Number(line);
    for (let n = 0; n < Math.floor(iterations / 8); n++) {
      await run();
    }
    console.log(await sample(run, iterations) * iterations);
  }
}

function flops([i, h, layers, batch, steps]) {
  return (8 * h * (i + h) + (layers - 1) * 16 * h * h) * batch * steps;
}

const round = (value, digits) => Number(value.toFixed(digits));

(async () => {
  const lists = JSON.parse(fs.readFileSync(path.join(__dirname, '..', 'Lstm.Benchmarks', 'configs.json')));
  for (const config of lists.infer_seq) {
    const name = config.map((size, k) => 'IHLBT'[k] + size).join('_');
    if (!filter.test(`infer_seq ${name}`)) {
      continue;
    }
    const run = await sequence(config, name);
    if (values.serve) {
      await serve(run);
      continue;
    }
    const { samples, n, share } = await time(run);
    const median = (samples[(samples.length - 1) >> 1] + samples[samples.length >> 1]) / 2;
    console.log(JSON.stringify({
      peer, config: name, what: 'infer_seq', median_us: round(median * 1e6, 3), min_us: round(samples[0] * 1e6, 3), n,
      gflops: round(flops(config) / median / 1e9, 2), threads, cpu: round(share / threads, 3),
    }));
  }
})().catch((error) => {
  console.error(String(error));
  process.exit(1);
});
