using System.IO.Compression;
using System.Text;
using Lstm.Formats;

namespace Lstm.Tests.Formats;

/// <summary>Files of other programs, given to a loader: the exception says what they are and what to do.</summary>
public class ForeignFileTests
{
    public static TheoryData<string> Names => [.. Files.Keys];

    private static Dictionary<string, (byte[] Bytes, string[] Expected)> Files { get; } = new()
    {
        ["empty"] = ([], ["empty (0 bytes)"]),
        ["onnx, with a producer"] = (
            [0x08, 0x08, 0x12, 0x07, .. "pytorch"u8, 0x1A, 0x05, .. "2.4.0"u8, 0x3A, 0xFF, 0x01, .. new byte[300]],
            ["ONNX", "W, R and B", "save_file"]),
        ["onnx, with a graph only"] = ([0x08, 0x0A, 0x3A, 0x80, 0x02, 0x0A, .. new byte[300]], ["ONNX"]),
        ["pt"] = (
            Zip("archive/data.pkl", "archive/data/0", "archive/version"),
            ["PyTorch", "safetensors.torch.save_file", "LoadStateDict"]),
        ["pt, with much in front"] =
            (Zip("archive/.format_version", "archive/.storage_alignment", "archive/data/0", "archive/data.pkl"), ["PyTorch"]),
        ["pickle"] = (
        [0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E, .. new byte[100]],
        ["pickle", "PyTorch", "save_file"]),
        ["h5"] = ([0x89, .. "HDF\r\n\x1A\n"u8, .. new byte[2000]], ["HDF5", "Keras", "kernel"]),
        ["keras"] = (Zip("metadata.json", "config.json", "model.weights.h5"), ["Keras", "kernel", "save_file"]),
        ["npz"] = (Zip("w.npy", "b.npy"), ["NumPy", ".npz", "safetensors.numpy.save_file"]),
        ["npy"] = (
            [0x93, .. "NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}"u8, .. new byte[100]],
            [".npy", "save_file"]),
        ["zip"] = (Zip("readme.txt"), ["zip archive"]),
        ["empty zip"] = (Zip(), ["zip archive"]),
        ["json"] = ([.. " {\n \"layers\": [], \"ü\": 1 }"u8], ["JSON"]),
        ["json with a byte order mark"] = ([.. "\uFEFF[1, 2, 3, 4, 5]"u8], ["JSON"]),
        ["gguf"] = ([.. "GGUF"u8, 3, 0, 0, 0, .. new byte[100]], ["GGUF"]),
        ["gzip"] = (Gzip("anything"), ["gzip", "Decompress"]),
        ["git lfs"] =
            ([.. "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"u8], ["Git LFS", "git lfs pull"]),
        ["torchscript"] = (
            Zip("net/data.pkl", "net/code/__torch__.py", "net/constants.pkl"),
            ["TorchScript", "torch.jit.load(path).state_dict()"]),
        ["tflite"] = ([0x1C, 0, 0, 0, .. "TFL3"u8, .. new byte[300]], ["TensorFlow Lite", "tf2onnx", "Lstm.Onnx"]),
        ["saved model"] = (
            [0x08, 0x01, 0x12, 0xFF, 0x01, 0x0A, 0x09, 0x22, 0x05, .. "serve"u8, .. new byte[300]],
            ["SavedModel", "tf2onnx", "Lstm.Keras"]),
        ["coreml"] = (
            [0x08, 0x04, 0x12, 0x30, 0x0A, 0x0E, 0x0A, 0x05, .. "input"u8, .. new byte[300]],
            ["CoreML", "onnxmltools", "Lstm.Onnx"]),
        ["coreml package"] = ([.. "{\"fileFormatVersion\": \"1.0.0\", \"itemInfoEntries\": {}}"u8], ["CoreML"]),
        ["tensorflow.js"] = (
            [.. "{\"format\": \"layers-model\", \"modelTopology\": {}, \"weightsManifest\": []}"u8],
            ["TensorFlow.js", "KerasModel.Import", "Lstm.Keras"]),
        ["tar"] = ([.. new byte[257], .. "ustar"u8, .. new byte[300]], ["tar archive", "Extract"]),
        ["html"] = ([.. "<!DOCTYPE html><html><body>404</body></html>"u8], ["HTML"]),
        ["text"] = ([.. "hello, world: größer"u8], ["plain text"]),
        ["short text"] = ([.. "hi"u8], ["plain text"]),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_loader_says_what_a_foreign_file_is(string name)
    {
        (byte[] bytes, string[] expected) = Files[name];
        Network<float> network = Network.Create<float>(1, new LstmSpec(2));
        Trainer<float> trainer = new(network, new MeanSquaredError<float>(), new Sgd<float>(0.1));
        using TemporaryFolder folder = new();
        File.WriteAllBytes(folder["f"], bytes);
        Check(() => Network.Load<float>(new MemoryStream(bytes)));
        Check(() => Network.Load<float>(folder["f"]));
        Check(() => network.LoadStateDict(new MemoryStream(bytes)));
        Check(() => network.LoadStateDict(folder["f"]));
        Check(() => trainer.LoadCheckpoint(new MemoryStream(bytes)));
        Check(() => trainer.LoadCheckpoint(folder["f"]));
        Assert.Contains(expected[0], Assert.Throws<InvalidDataException>(() => NetworkState.FromBytes<float>(bytes)).Message);

        void Check(Action load)
        {
            string message = Assert.Throws<InvalidDataException>(load).Message;
            Assert.All(expected, part => Assert.Contains(part, message));
        }
    }

    [Theory]
    [InlineData("h5", "KerasModel.Import of the package Lstm.Keras")]
    [InlineData("keras", "KerasModel.Import of the package Lstm.Keras")]
    [InlineData("onnx, with a producer", "OnnxModel.Import of the package Lstm.Onnx")]
    public void A_file_of_another_package_is_refused_with_the_call_that_reads_it(string name, string expected)
    {
        byte[] bytes = Files[name].Bytes;
        Assert.Contains(
            expected, Assert.Throws<InvalidDataException>(() => ModelImport.Load<float>(new MemoryStream(bytes))).Message);
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => Network.Load(new MemoryStream(bytes))).Message);
    }

    [Fact]
    public void A_folder_of_another_program_is_refused_by_name()
    {
        using TemporaryFolder folder = new();
        Directory.CreateDirectory(folder["saved"]);
        File.WriteAllBytes(folder["saved/saved_model.pb"], [8, 1]);
        Directory.CreateDirectory(folder["a.mlpackage"]);
        File.WriteAllText(folder["a.mlpackage/Manifest.json"], "{}");
        foreach ((string path, string expected) in ((string, string)[])[("saved", "SavedModel"), ("a.mlpackage", "CoreML")])
        {
            Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => Network.Load(folder[path])).Message);
            Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => ModelImport.Load<float>(folder[path])).Message);
        }
    }

    [Fact]
    public void Each_loader_names_the_one_that_reads_a_file_of_another_kind()
    {
        Network<float> network = Network.Create<float>(1, new LstmSpec(2));
        Trainer<float> trainer = new(network, new MeanSquaredError<float>(), new Sgd<float>(0.1));
        MemoryStream model = new(), checkpoint = new();
        network.Save(model);
        trainer.SaveCheckpoint(checkpoint);
        byte[] state = network.CreateState(3).ToBytes();
        Check("Network.Load", () => trainer.LoadCheckpoint(new MemoryStream(model.ToArray())));
        Check("LoadCheckpoint", () => Network.Load<float>(new MemoryStream(checkpoint.ToArray())));
        Check("FromBytes", () => Network.Load<float>(new MemoryStream(state)));
        Check("FromBytes", () => network.LoadStateDict(new MemoryStream(state)));
        Check("safetensors", () => NetworkState.FromBytes<float>(model.ToArray()));
        Check("LoadStateDict", () => Network.Load<float>(new MemoryStream([2, 0, 0, 0, 0, 0, 0, 0, .. "{}"u8])));
        Check("LoadStateDict", () => trainer.LoadCheckpoint(new MemoryStream([2, 0, 0, 0, 0, 0, 0, 0, .. "{}"u8])));

        static void Check(string expected, Action load)
            => Assert.Contains(expected, Assert.Throws<InvalidDataException>(load).Message);
    }

    [Fact]
    public void A_safetensors_file_that_is_cut_off_is_told_as_such()
    {
        // The headers' lengths are chosen to begin like files of other kinds: gzip's and pickle's first bytes.
        foreach (int length in (int[])[0x88B1F, 0x280, 0x20202020 & 0xFFFFFF])
        {
            byte[] bytes = [.. BitConverter.GetBytes((long)length), .. "{\"a\":"u8];
            Assert.Contains(
                "cut off", Assert.Throws<InvalidDataException>(() => Network.Load<float>(new MemoryStream(bytes))).Message);
        }
    }

    private static byte[] Zip(params string[] names)
    {
        MemoryStream memory = new();
        using (ZipArchive archive = new(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (string name in names)
            {
                using Stream entry = archive.CreateEntry(name, CompressionLevel.NoCompression).Open();
                entry.Write(new byte[6000]);
            }
        }

        return memory.ToArray();
    }

    private static byte[] Gzip(string text)
    {
        MemoryStream memory = new();
        using (GZipStream stream = new(memory, CompressionLevel.Fastest, leaveOpen: true))
        {
            stream.Write(Encoding.UTF8.GetBytes(text));
        }

        return memory.ToArray();
    }
}
