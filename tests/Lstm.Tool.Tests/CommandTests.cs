using Lstm.Formats;
using Lstm.Onnx;
using Spectre.Console;

namespace Lstm.Tool.Tests;

public sealed class CommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lstm-tool").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Inspect_shows_tensors_layers_and_parameters()
    {
        Model().Save(File("m.safetensors"));
        (int code, string text, _) = Run("inspect", File("m.safetensors"), "--statistics");
        Assert.Equal(0, code);
        Assert.Contains("lstm.weight_ih_l0", text);
        Assert.Contains("[20, 3]", text);
        Assert.Contains("largest", text);
        Assert.Contains("3 -> lstm 5 -> dense 2", text);
    }

    [Fact]
    public void Inspect_shows_the_report_of_an_import()
    {
        OnnxModel.Export(Model(), File("m.onnx"));
        (int code, string text, _) = Run("inspect", File("m.onnx"));
        Assert.Equal(0, code);
        Assert.Contains("what was done", text);
        Assert.Contains("ONNX", text);
    }

    [Fact]
    public void Inspect_shows_tensors_that_make_no_network()
    {
        TensorFileWriter.SaveNpy<float>(File("a.npy"), [2, 3], new float[6]);
        (int code, string text, _) = Run("inspect", File("a.npy"));
        Assert.Equal(0, code);
        Assert.Contains("[2, 3]", text);
        Assert.Contains("makes no network", text);
    }

    [Theory]
    [InlineData("m.onnx", false)]
    [InlineData("m.onnx", true)]
    [InlineData("m.safetensors", false)]
    [InlineData("m.safetensors", true)]
    public void A_converted_model_gives_the_same_bits(string name, bool inDouble)
    {
        Model().Save(File("in.safetensors"));
        string[] precision = inDouble ? ["--double"] : [];
        Assert.Equal(0, Run(["convert", File("in.safetensors"), File(name), .. precision]).Code);
        float[] values = Values(4 * 7 * 3);
        TensorFileWriter.SaveNpy<float>(File("x.npy"), [4, 7, 3], values);
        Assert.Equal(0, Run(["run", File("in.safetensors"), File("x.npy"), File("y1.npy"), .. precision]).Code);
        Assert.Equal(0, Run(["run", File(name), File("x.npy"), File("y2.npy"), .. precision]).Code);
        Assert.Equal(System.IO.File.ReadAllBytes(File("y1.npy")), System.IO.File.ReadAllBytes(File("y2.npy")));
    }

    [Fact]
    public void Npz_has_the_parameters()
    {
        Network<float> model = Model();
        model.Save(File("in.safetensors"));
        Assert.Equal(0, Run("convert", File("in.safetensors"), File("out.npz")).Code);
        using TensorFile file = TensorFile.Open(File("out.npz"));
        foreach (var parameter in model.Parameters)
        {
            float[] expected = new float[parameter.Count];
            model.ReadParameter(parameter.Name, expected);
            Assert.Equal(expected, file.Read<float>(parameter.Name));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(32)]
    public void Run_gives_what_Predict_gives(int batch)
    {
        Network<float> model = Model();
        model.Save(File("m.safetensors"));
        float[] values = Values(5 * 4 * 3);
        TensorFileWriter.SaveNpy<float>(File("x.npy"), [5, 4, 3], values);
        TensorFileWriter.SaveNpy<long>(File("n.npy"), [5], new long[] { 4, 0, 1, 3, 2 });
        (int code, string text, string error) = Run(
            "run", File("m.safetensors"), File("x.npy"), File("y.npy"), "--lengths", File("n.npy"), "--batch", $"{batch}");
        Assert.True(code == 0, error);
        Assert.Contains("[5, 4, 2]", text);
        using TensorFile file = TensorFile.Open(File("y.npy"));
        float[] result = file.Read<float>("arr_0");
        int[] lengths = [4, 0, 1, 3, 2];
        for (int sequence = 0; sequence < 5; sequence++)
        {
            float[] expected = new float[8];
            model.Predict(values.AsSpan(sequence * 12, lengths[sequence] * 3)).CopyTo(expected, 0);
            Assert.Equal(expected, result[(sequence * 8)..((sequence + 1) * 8)]);
        }
    }

    [Theory]
    [InlineData("small.keras")]
    [InlineData("small.h5")]
    [InlineData("tfjs_small/model.json")]
    [InlineData("small.weights.h5", "--architecture", "small.config.json")]
    public void Files_of_Keras_are_converted(string name, params string[] options)
    {
        string fixtures = Path.Combine(AppContext.BaseDirectory, "Fixtures");
        string[] more =
        [
            .. options.Select(word => word.EndsWith(".json", StringComparison.Ordinal) ? Path.Combine(fixtures, word) : word),
        ];
        (int code, _, string error) = Run(["convert", Path.Combine(fixtures, name), File("k.safetensors"), .. more]);
        Assert.True(code == 0, error);
        Assert.NotEmpty(Network.Load(File("k.safetensors")).Parameters);
    }

    [Fact]
    public void Run_says_what_the_file_leaves_open()
    {
        TensorFileWriter.SaveNpy<float>(File("x.npy"), [7, 3], Values(21));
        string model = Path.Combine(AppContext.BaseDirectory, "Fixtures", "pytorch_model.pt");
        (int code, string output, string error) = Run("run", model, File("x.npy"), File("y.npy"));
        Assert.Equal(0, code);
        Assert.Contains("[7, 2]", output);
        Assert.Contains("does not say what is computed between", error);
    }

    [Fact]
    public void Run_takes_one_sequence_and_ids()
    {
        Network.Create(6, 1, new EmbeddingSpec(3), new LstmSpec(4), new PoolingSpec(Pooling.Last), new DenseSpec(2))
            .Save(File("ids.safetensors"));
        TensorFileWriter.SaveNpy<long>(File("ids.npy"), [4], new long[] { 1, 5, 0, 2 });
        Assert.Equal(0, Run("run", File("ids.safetensors"), File("ids.npy"), File("y.npy")).Code);
        using TensorFile file = TensorFile.Open(File("y.npy"));
        Assert.Equal([2L], file.Tensors[0].Shape);
    }

    [Theory]
    [InlineData("inspect", "no-such-file.pt")]
    [InlineData("convert", "text.txt", "out.onnx")]
    [InlineData("convert", "m.safetensors", "out.h5")]
    [InlineData("convert", "m.safetensors", "out.npz", "--states")]
    [InlineData("convert", "m.safetensors", "m.safetensors")]
    [InlineData("convert", "m.safetensors", "out.onnx", "--part", "lstm")]
    [InlineData("convert", "m.safetensors", "out.onnx", "--architecture", "text.txt")]
    [InlineData("inspect", "m.onnx", "--layers", "text.txt")]
    [InlineData("inspect", "m.onnx", "--part", "a", "--part", "b")]
    [InlineData("run", "m.safetensors", "wrong.npy", "y.npy")]
    [InlineData("run", "m.safetensors", "x.npy", "y.npy", "--lengths", "wrong.npy")]
    public void What_cannot_be_done_is_told_on_the_error_stream(params string[] arguments)
    {
        Model().Save(File("m.safetensors"));
        OnnxModel.Export(Model(), File("m.onnx"));
        System.IO.File.WriteAllText(File("text.txt"), "no model");
        TensorFileWriter.SaveNpy<float>(File("wrong.npy"), [5, 4], new float[20]);
        TensorFileWriter.SaveNpy<float>(File("x.npy"), [5, 4, 3], new float[60]);
        (int code, _, string error) = Run(
            [.. arguments.Select(word => word.Contains('.', StringComparison.Ordinal) ? File(word) : word)]);
        Assert.Equal(1, code);
        Assert.NotEmpty(error.Trim());
        Assert.False(System.IO.File.Exists(File("y.npy")));
    }

    [Fact]
    public void A_wrong_command_line_ends_with_2()
    {
        Assert.Equal(2, Run("inspect").Code);
        Assert.Equal(2, Run("run", "a", "b", "c", "--batch", "0").Code);
    }

    [Fact]
    public void A_folder_of_TensorFlow_is_named()
    {
        System.IO.File.WriteAllBytes(File("saved_model.pb"), [8, 1]);
        (int code, _, string error) = Run("inspect", _folder);
        Assert.Equal(1, code);
        Assert.Contains("SavedModel", error);
    }

    private static Network<float> Model() => Network.Create(3, 1, new LstmSpec(5), new DenseSpec(2));

    private static float[] Values(int count) => [.. Enumerable.Range(0, count).Select(i => MathF.Sin(i))];

    private string File(string name) => Path.Combine(_folder, name);

    private static (int Code, string Output, string Error) Run(params string[] arguments)
    {
        StringWriter output = new(), errors = new();
        int code = new Commands(Console(output), Console(errors)).Run(arguments);
        return (code, output.ToString(), errors.ToString());
    }

    private static IAnsiConsole Console(TextWriter writer)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(writer),
        });
        console.Profile.Width = 300;
        return console;
    }
}
