#:project ../../src/Lstm
#:property PublishAot=false

// Plays a guitar through an amplifier that somebody trained elsewhere, as an audio driver would: in blocks of 64 samples, one
// step of the network a sample. Writes guitar_amp.wav. Figures of time go to the error stream: they differ from run to run.
// dotnet run docs/examples/guitar_amp.cs [-- INPUT.wav] [--model FILE] [--out FILE.wav] [--knob 0.5]
// FILE is a model of Neural Amp Modeler (.nam), GuitarML, AIDA-X or RTNeural; the knob is for models with a second input.

using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Lstm;
using Lstm.Formats;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
const int BlockLength = 64;
string folder = (string)AppContext.GetData("EntryPointFileDirectoryPath")!;
string? inputPath = args.Length > 0 && !args[0].StartsWith("--", StringComparison.Ordinal) ? args[0] : null;
string modelPath = Option("--model") ?? Path.Combine(folder, "data", "BossLSTM-1x16.nam");
string outputPath = Option("--out") ?? Path.Combine(folder, "guitar_amp.wav");

// The model, and what the import did.
ModelImport<float> import = ModelImport.Load<float>(modelPath);
Network<float> amp = import.Network;
Console.WriteLine(import);
if (amp.TakesIds || amp.OutputSize != 1)
{
    Console.Error.WriteLine($"This is no amplifier: {amp}");
    return 1;
}

// The guitar: a WAV file, or plucked strings.
int modelRate = (int)Number("sample_rate", 48000);
(float[] guitar, int rate) = inputPath is null ? (Guitar.Play(modelRate), modelRate) : Wav.Read(inputPath);
string source = inputPath is null ? "Plucked strings" : Path.GetFileName(inputPath);
Console.WriteLine($"{source}: {(double)guitar.Length / rate:f2} s at {rate} Hz.");
if (rate != modelRate)
{
    Console.WriteLine($"The model was trained at {modelRate} Hz: resample the file, or it sounds different.");
}

// Some files want the sound louder or softer; knobs are inputs of their own.
float before = Gain("in_gain"), after = Gain("out_gain");
float knob = float.Parse(Option("--knob") ?? "0.5");

// Written once, as the buffers of a driver are: the first write to new memory takes microseconds.
float[] output = new float[guitar.Length];
Array.Fill(output, float.NaN);
using NetworkStream<float> stream = amp.OpenStream();
Block block = new(stream, amp.InputSize, knob, before, after);

// Another stream of the network runs the code once, as a program does before it opens the sound card.
using NetworkStream<float> rehearsal = amp.OpenStream();
Block warm = new(rehearsal, amp.InputSize, knob, before, after);
for (int i = 0; i < 200; i++)
{
    warm.Process(guitar.AsSpan(0, Math.Min(BlockLength, guitar.Length)), output.AsSpan(0, Math.Min(BlockLength, output.Length)));
}

long allocated = GC.GetAllocatedBytesForCurrentThread();
for (int start = 0; start < guitar.Length; start += BlockLength)
{
    int length = Math.Min(BlockLength, guitar.Length - start);
    block.Process(guitar.AsSpan(start, length), output.AsSpan(start, length));
}

allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
double seconds = Stopwatch.GetElapsedTime(0, block.Ticks).TotalSeconds;
Wav.Write(outputPath, output, rate);
Console.WriteLine(
    $"{(guitar.Length + BlockLength - 1) / BlockLength} blocks of {BlockLength} samples, {allocated} bytes allocated; "
    + $"peak {guitar.Max(Math.Abs):f2} in, {output.Max(Math.Abs):f2} out. Wrote {Path.GetFileName(outputPath)}.");
Console.Error.WriteLine(
    $"Real-time factor {(double)guitar.Length / rate / seconds:f0}: {seconds * 1e6 / guitar.Length:f3} µs a sample, "
    + $"{1e6 / rate:f1} µs are there. 99.9 % of the steps take at most {block.StepOf(0.999):f2} µs, the worst "
    + $"{Micro(block.WorstStep):f1}; the worst block {Micro(block.WorstBlock):f0} of {1e6 * BlockLength / rate:f0} µs, with all "
    + "that the system does meanwhile.");
return 0;

static double Micro(long ticks) => Stopwatch.GetElapsedTime(0, ticks).TotalMicroseconds;

string? Option(string name)
{
    int at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
}

double Number(string key, double standard)
    => amp.Metadata.TryGetValue(key, out string? text) && double.TryParse(text, out double number) ? number : standard;

float Gain(string key) => (float)Math.Pow(10, Number(key, 0) / 20);

/// <summary>What an audio callback does with a block, and how long it takes.</summary>
internal sealed class Block(NetworkStream<float> stream, int inputs, float knob, float before, float after)
{
    private readonly float[] _input = [.. Enumerable.Repeat(knob, inputs)];
    private readonly float[] _output = new float[1];

    // Numbers of steps by their time, 20 ns each; the last one has all that take longer.
    private readonly int[] _times = new int[10_000];

    public long Ticks { get; private set; }

    public long WorstStep { get; private set; }

    public long WorstBlock { get; private set; }

    public void Process(ReadOnlySpan<float> input, Span<float> output)
    {
        long start = Stopwatch.GetTimestamp(), last = start;
        for (int i = 0; i < input.Length; i++)
        {
            _input[0] = input[i] * before;
            stream.Step(_input, _output);
            output[i] = _output[0] * after;
            long now = Stopwatch.GetTimestamp();
            WorstStep = Math.Max(WorstStep, now - last);
            _times[Math.Min(_times.Length - 1, (now - last) * 50_000_000 / Stopwatch.Frequency)]++;
            last = now;
        }

        Ticks += last - start;
        WorstBlock = Math.Max(WorstBlock, last - start);
    }

    /// <summary>The time in µs that a share of the steps does not exceed.</summary>
    public double StepOf(double share)
    {
        long left = (long)(share * _times.Sum(count => (long)count));
        int time = 0;
        while (time < _times.Length - 1 && (left -= _times[time]) > 0)
        {
            time++;
        }

        return (time + 1) * 0.02;
    }
}

/// <summary>Plucked strings (Karplus and Strong 1983): noise that goes round a delay line and loses its treble.</summary>
internal static class Guitar
{
    public static float[] Play(int rate)
    {
        // E minor, A minor, D, G: each chord broken, then struck.
        double[][] chords =
        [
            [82.4, 123.5, 164.8, 196.0, 246.9, 329.6], [110.0, 164.8, 220.0, 261.6, 329.6],
            [146.8, 220.0, 293.7, 370.0], [98.0, 123.5, 146.8, 196.0, 246.9, 392.0],
        ];
        float[] sound = new float[rate * 10];
        Random random = new(7);
        for (int chord = 0; chord < chords.Length; chord++)
        {
            double start = 2.4 * chord;
            for (int i = 0; i < chords[chord].Length; i++)
            {
                Pluck(sound, rate, start + (0.2 * i), chords[chord][i], 0.22f, random);
                Pluck(sound, rate, start + 1.4 + (0.012 * i), chords[chord][i], 0.16f, random);
            }
        }

        return sound;
    }

    private static void Pluck(float[] sound, int rate, double start, double frequency, float loudness, Random random)
    {
        float[] line = new float[(int)(rate / frequency)];
        for (int i = 0; i < line.Length; i++)
        {
            line[i] = loudness * ((2 * random.NextSingle()) - 1);
        }

        int first = (int)(start * rate), end = Math.Min(sound.Length, first + (2 * rate));
        for (int t = first; t < end; t++)
        {
            int at = (t - first) % line.Length;
            sound[t] += line[at];
            line[at] = 0.498f * (line[at] + line[(at + 1) % line.Length]);
        }
    }
}

/// <summary>WAV files: the first channel is read, 16-bit mono is written.</summary>
internal static class Wav
{
    public static (float[] Samples, int Rate) Read(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        if (file.Length < 12 || Encoding.ASCII.GetString(file, 0, 4) != "RIFF" || Encoding.ASCII.GetString(file, 8, 4) != "WAVE")
        {
            throw new InvalidDataException($"'{path}' is no WAV file.");
        }

        (int format, int channels, int rate, int bits) = (0, 0, 0, 0);
        for (long at = 12; at + 8 <= file.Length;)
        {
            string name = Encoding.ASCII.GetString(file, (int)at, 4);
            long length = BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan((int)at + 4));
            ReadOnlySpan<byte> chunk = file.AsSpan((int)at + 8)[..(int)Math.Min(length, file.Length - at - 8)];
            if (name == "fmt " && chunk.Length >= 16)
            {
                format = BinaryPrimitives.ReadUInt16LittleEndian(chunk);
                channels = BinaryPrimitives.ReadUInt16LittleEndian(chunk[2..]);
                rate = BinaryPrimitives.ReadInt32LittleEndian(chunk[4..]);
                bits = BinaryPrimitives.ReadUInt16LittleEndian(chunk[14..]);
                format = format == 0xFFFE && chunk.Length >= 26 ? BinaryPrimitives.ReadUInt16LittleEndian(chunk[24..]) : format;
            }

            if (name == "data" && channels > 0 && rate > 0 && (format, bits) is (1, 16) or (1, 24) or (1, 32) or (3, 32))
            {
                int frame = channels * bits / 8;
                float[] samples = new float[chunk.Length / frame];
                for (int i = 0; i < samples.Length; i++)
                {
                    samples[i] = Sample(chunk[(i * frame)..], format, bits);
                }

                return (samples, rate);
            }

            at += 8 + length + (length & 1);
        }

        throw new InvalidDataException($"'{path}' has no samples of 16, 24 or 32 bits: format {format}, {bits} bits.");
    }

    private static float Sample(ReadOnlySpan<byte> bytes, int format, int bits) => (format, bits) switch
    {
        (1, 16) => BinaryPrimitives.ReadInt16LittleEndian(bytes) / 32768f,
        (1, 24) => ((bytes[0] << 8) | (bytes[1] << 16) | (bytes[2] << 24)) / 2147483648f,
        (1, 32) => BinaryPrimitives.ReadInt32LittleEndian(bytes) / 2147483648f,
        _ => BinaryPrimitives.ReadSingleLittleEndian(bytes),
    };

    public static void Write(string path, ReadOnlySpan<float> samples, int rate)
    {
        byte[] file = new byte[44 + (2 * samples.Length)];
        "RIFF    WAVEfmt "u8.CopyTo(file);
        "data"u8.CopyTo(file.AsSpan(36));
        ReadOnlySpan<(int At, int Value)> numbers =
            [(4, file.Length - 8), (16, 16), (20, 0x10001), (24, rate), (28, 2 * rate), (32, 0x100002), (40, file.Length - 44)];
        foreach ((int at, int value) in numbers)
        {
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), value);
        }

        for (int i = 0; i < samples.Length; i++)
        {
            short value = (short)Math.Round(Math.Clamp(samples[i], -1, 1) * 32767);
            BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(44 + (2 * i)), value);
        }

        File.WriteAllBytes(path, file);
    }
}
