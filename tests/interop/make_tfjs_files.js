// Writes tests/Lstm.Keras.Tests/Fixtures/tfjs_*: models of TensorFlow.js with their shards and outputs.
// Usage: npm install @tensorflow/tfjs && node make_tfjs_files.js FOLDER
'use strict';
const fs = require('fs');
const path = require('path');
const tf = require('@tensorflow/tfjs');

const folder = process.argv[2];
const Shard = 600;

function fill(model) {
  let seed = 1;
  const next = () => { seed = (seed * 48271) % 2147483647; return seed / 2147483647 - 0.5; };
  model.setWeights(model.getWeights().map((w) => tf.tensor(Float32Array.from({ length: w.size }, next), w.shape)));
}

async function artifacts(model) {
  let kept;
  await model.save({ save: async (given) => {
    kept = given;
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
  } });
  return kept;
}

function write(name, given, specs, data, x, y) {
  const target = path.join(folder, name);
  fs.mkdirSync(target, { recursive: true });
  const paths = [];
  for (let at = 0; at < data.byteLength; at += Shard) {
    const shard = `group1-shard${paths.length + 1}.bin`;
    fs.writeFileSync(path.join(target, shard), Buffer.from(data.slice(at, at + Shard)));
    paths.push(shard);
  }
  fs.writeFileSync(path.join(target, 'model.json'), JSON.stringify({
    modelTopology: given.modelTopology, format: given.format, generatedBy: given.generatedBy, convertedBy: null,
    weightsManifest: [{ paths, weights: specs }],
  }));
  fs.writeFileSync(path.join(target, 'expected.json'), JSON.stringify({ input: x.arraySync(), output: y.arraySync() }));
}

// Tensors as bytes of uint8, uint16 or float16, in turn, with the numbers that turn them back.
function quantize(specs, data) {
  const parts = [];
  let at = 0;
  const quantized = specs.map((spec, which) => {
    const count = spec.shape.reduce((a, b) => a * b, 1);
    const values = new Float32Array(data.slice(at, at + 4 * count));
    at += 4 * count;
    const kind = ['uint8', 'uint16', 'float16'][which % 3];
    if (kind === 'float16') {
      parts.push(Buffer.from(Uint16Array.from(values, half).buffer));
      return { ...spec, quantization: { dtype: kind, original_dtype: 'float32' } };
    }
    const low = Math.min(...values);
    const most = kind === 'uint8' ? 255 : 65535;
    const scale = (Math.max(...values) - low) / most || 1;
    const Kind = kind === 'uint8' ? Uint8Array : Uint16Array;
    parts.push(Buffer.from(Kind.from(values, (v) => Math.round((v - low) / scale)).buffer));
    return { ...spec, quantization: { dtype: kind, original_dtype: 'float32', min: low, scale } };
  });
  const all = Buffer.concat(parts);
  return { specs: quantized, data: all.buffer.slice(all.byteOffset, all.byteOffset + all.length) };
}

// The nearest float16 of a number between 2^-14 and 2 in size; smaller ones become 0.
function half(v) {
  const bits = new Uint32Array(Float32Array.of(v).buffer)[0];
  const exponent = ((bits >>> 23) & 255) - 127;
  return exponent < -14 ? 0 : ((bits >>> 16) & 0x8000) | (((exponent + 15) << 10) + (((bits & 0x7fffff) + 0x1000) >>> 13));
}

async function main() {
  const model = tf.sequential();
  model.add(tf.layers.bidirectional({
    layer: tf.layers.lstm({ units: 4, returnSequences: true, inputShape: [6, 3] }), mergeMode: 'concat', inputShape: [6, 3] }));
  model.add(tf.layers.dropout({ rate: 0.3 }));
  model.add(tf.layers.lstm({ units: 5, returnSequences: true, recurrentActivation: 'sigmoid' }));
  model.add(tf.layers.layerNormalization());
  model.add(tf.layers.globalAveragePooling1d());
  model.add(tf.layers.dense({ units: 3, activation: 'softmax' }));
  fill(model);
  const x = tf.tensor(Float32Array.from({ length: 36 }, (_, i) => Math.sin(i * 1.7)), [2, 6, 3]);
  const given = await artifacts(model);
  write('tfjs_small', given, given.weightSpecs, given.weightData, x, model.predict(x));

  const packed = quantize(given.weightSpecs, given.weightData);
  const again = await tf.loadLayersModel(tf.io.fromMemory({ ...given, weightSpecs: packed.specs, weightData: packed.data }));
  write('tfjs_quantized', given, packed.specs, packed.data, x, again.predict(x));
}

main();
