using System.Diagnostics;
using System.Text.Json;
using Lstm.Tests.Support;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Lstm.Onnx.Tests;

/// <summary>
/// Graphs of PyTorch's exporter, and graphs as tf2onnx, keras2onnx, PyTorch's second exporter and Paddle's write them, made by
/// <c>tests/interop/onnx_graphs.py</c>: each imported by one call and compared with PyTorch and ONNX Runtime.
/// </summary>
public sealed class InteropTests(InteropTests.Graphs graphs) : IClassFixture<InteropTests.Graphs>
{
    private static readonly Tolerance Limit = new(1e-5);

    [Fact]
    public void Every_graph_gives_the_outputs_of_PyTorch_and_of_ONNX_Runtime()
    {
        JsonElement[] whole = [.. graphs.Require().Where(entry => !entry.TryGetProperty("refused", out _))];
        List<string> failures = [];
        foreach (JsonElement entry in whole)
        {
            string name = entry.GetProperty("name").GetString()!, folder = Path.Combine(graphs.Folder!, name);
            try
            {
                Compare(folder, entry.GetProperty("checked").GetBoolean());
            }
            catch (Exception e)
            {
                failures.Add($"{name}: {e.Message}");
            }
        }

        Assert.True(failures.Count == 0, $"{failures.Count} of {whole.Length} graphs failed:\n{string.Join('\n', failures)}");
        Assert.InRange(whole.Length, 100, 1000);
    }

    [Fact]
    public void Every_graph_that_no_network_expresses_is_refused_with_the_reason_and_read_in_part()
    {
        JsonElement[] refused = [.. graphs.Require().Where(entry => entry.TryGetProperty("refused", out _))];
        foreach (JsonElement entry in refused)
        {
            string path = Path.Combine(graphs.Folder!, entry.GetProperty("name").GetString()!, "model.onnx");
            string message = Assert.Throws<InvalidDataException>(() => OnnxModel.Import<float>(path)).Message;
            Assert.Contains(entry.GetProperty("refused").GetString()!, message);
            if (!entry.TryGetProperty("part", out JsonElement part))
            {
                continue;
            }

            Assert.Contains($"'{part.GetString()}'", message);
            OnnxImport<float> import = OnnxModel.Import<float>(path, new() { Node = part.GetString() });
            LstmSpec lstm = Assert.IsType<LstmSpec>(Assert.Single(import.Network.Specs));
            Assert.Equal((3, 4), (import.Network.InputSize, lstm.HiddenSize));
            Assert.Contains(import.Report.Left, left => left.Contains("the SequenceBatch, axes Time, Batch, Feature"));
            Assert.Contains(import.Report.Left, left => left.Contains("other nodes of the graph"));
        }

        Assert.InRange(refused.Length, 7, 100);
    }

    private static void Compare(string folder, bool withRuntime)
    {
        string model = Path.Combine(folder, "model.onnx"), other = Path.Combine(folder, "other");
        Compare(model, folder, withRuntime);
        if (Directory.Exists(other))
        {
            Compare(model, other, withRuntime);
        }
    }

    private static void Compare(string model, string folder, bool withRuntime)
    {
        OnnxTensor[] inputs = Load(folder, "input"), expected = Load(folder, "output");
        IReadOnlyList<OnnxTensor> outputs = withRuntime
            ? Check<float>(model, inputs, expected, Limit) : Check<double>(model, inputs, expected, new(1e-12));
        if (!withRuntime)
        {
            Assert.Throws<InvalidDataException>(() => OnnxModel.Import<float>(model));
            return;
        }

        IReadOnlyList<OnnxTensor> run = Run(model, inputs);
        Assert.Equal(run.Count, outputs.Count);
        foreach (OnnxTensor one in run)
        {
            OnnxTensor output = outputs.Single(output => output.Name == one.Name);
            Assert.Equal(one.Shape, output.Shape);
            Close.Within<float>(one.To<double>(), output.To<float>(), Limit, one.Name);
        }
    }

    private static IReadOnlyList<OnnxTensor> Check<T>(
        string model, OnnxTensor[] inputs, OnnxTensor[] expected, Tolerance tolerance)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        OnnxImport<T> import = OnnxModel.Import<T>(model);
        IReadOnlyList<OnnxTensor> outputs = import.Run(inputs);
        Assert.NotEmpty(outputs);
        foreach (OnnxTensor one in expected)
        {
            OnnxTensor output = outputs.Single(output => output.Name == one.Name);
            Assert.Equal(one.Shape, output.Shape);
            Close.Within<T>(one.To<double>(), output.To<T>(), tolerance, one.Name);
        }

        Assert.Equal(
            import.Network.Parameters.Select(parameter => parameter.Name).Order(),
            import.Report.Mappings.Select(mapping => mapping.Parameter).Order());
        return outputs;
    }

    private static OnnxTensor[] Load(string folder, string kind)
        => [.. Directory.GetFiles(folder, $"{kind}_*.pb").Order(StringComparer.Ordinal).Select(OnnxTensor.Load)];

    private static List<OnnxTensor> Run(string model, OnnxTensor[] inputs)
    {
        using SessionOptions options = new() { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        using InferenceSession session = new(model, options);
        List<NamedOnnxValue> values = [.. inputs.Where(input => session.InputMetadata.ContainsKey(input.Name)).Select(input
            => input.IsInteger
                ? NamedOnnxValue.CreateFromTensor(input.Name, new DenseTensor<long>(input.To<long>(), [.. input.Shape]))
                : NamedOnnxValue.CreateFromTensor(input.Name, new DenseTensor<float>(input.To<float>(), [.. input.Shape])))];
        using IDisposableReadOnlyCollection<DisposableNamedOnnxValue> outputs = session.Run(values);
        return [.. outputs.Select(output =>
        {
            DenseTensor<float> tensor = output.AsTensor<float>().ToDenseTensor();
            return OnnxTensor.Create<float>(output.Name, tensor.Buffer.Span, tensor.Dimensions);
        })];
    }

    /// <summary>The graphs, made once for all tests; the tests are skipped where Python or its packages are absent.</summary>
    public sealed class Graphs : IDisposable
    {
        private readonly string? _problem;
        private readonly JsonElement[] _entries = [];

        public Graphs()
        {
            foreach (string python in (string[])["/usr/bin/python3", "python3"])
            {
                (int code, string errors) = Start(python, "-c", "import onnx, torch");
                if (code != 0)
                {
                    _problem = $"no graphs: {python} has no onnx and torch (Debian: python3-onnx, python3-torch)";
                    continue;
                }

                string folder = Path.Combine(Directory.CreateTempSubdirectory("lstm-onnx").FullName, "graphs");
                string script = Path.Combine(Shared.Repository, "tests", "interop", "onnx_graphs.py");
                (code, errors) = Start(python, script, folder);
                Assert.True(code == 0, errors);
                (Folder, _problem) = (folder, null);
                using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "index.json")));
                _entries = [.. json.RootElement.EnumerateArray().Select(entry => entry.Clone())];
                return;
            }
        }

        public string? Folder { get; }

        public JsonElement[] Require()
        {
            Shared.Require(_problem is null, _problem ?? string.Empty);
            return _entries;
        }

        public void Dispose()
        {
            if (Folder is not null)
            {
                Directory.Delete(Path.GetDirectoryName(Folder)!, recursive: true);
            }
        }

        private static (int Code, string Errors) Start(string program, params string[] arguments)
        {
            try
            {
                using Process process = Process.Start(
                    new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
                Task<string> output = process.StandardOutput.ReadToEndAsync();
                string errors = process.StandardError.ReadToEnd();
                process.WaitForExit();
                return (process.ExitCode, errors + output.Result);
            }
            catch (System.ComponentModel.Win32Exception e)
            {
                return (-1, e.Message);
            }
        }
    }
}
