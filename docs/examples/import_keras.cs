// Reads a model that Keras 2 has trained: will a jet engine fail within its next 30 cycles? Two LSTM layers read 25 sensors over
// 50 cycles. The predictions are compared with those of the model's equations, computed in float64 by NumPy.
// dotnet run docs/examples/import_keras.cs
#:project ../../src/Lstm.Keras
#:property PublishAot=false

using System.Globalization;
using Lstm;
using Lstm.Keras;

const int Steps = 50, Sensors = 25;

KerasImport<float> import = KerasModel.Import<float>(Beside("data/keras2_predictive_maintenance.h5"));
Console.WriteLine($"written by Keras {import.KerasVersion}\n{import.Report}");

// Sensors of an engine as good as new, and of one that is worn, each scaled to 0 … 1.
float[] good = [.5f, .5f, 0, 0, 0, .2f, .3f, .2f, 0, 1, .8f, .2f, .1f, 0, .2f, .8f, .2f, .1f, .3f, 0, .3f, 0, 0, .8f, .8f];
float[] worn = [.5f, .5f, 0, .6f, 0, .8f, .7f, .85f, 0, 1, .2f, .7f, .4f, 0, .85f, .2f, .7f, .4f, .8f, 0, .8f, 0, 0, .25f, .25f];
(double Wear, double Expected)[] engines =
    [(0.0, 0.000002816), (0.25, 0.000025901), (0.35, 0.011476927), (0.4, 0.758502113), (0.5, 0.999782590), (1.0, 0.999931386)];

double worst = 0;
foreach ((double wear, double expected) in engines)
{
    float[] x = new float[Steps * Sensors];
    for (int t = 0; t < Steps; t++)
    {
        for (int f = 0; f < Sensors; f++)
        {
            double change = (worn[f] - good[f]) * wear * (t + 1) / Steps;
            double noise = good[f] == worn[f] ? 0 : 0.05 * Math.Sin(t + f);
            x[(t * Sensors) + f] = (float)(good[f] + change + noise);
        }
    }

    double actual = import.Network.Predict(SequenceBatch.FromSequences<float>([x], Sensors)).GetSequence(0)[0];
    worst = Math.Max(worst, Math.Abs(actual - expected));
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"wear {wear:F2}: fails soon with probability {actual:F5}, expected {expected:F5}"));
}

Console.WriteLine(worst < 1e-5 ? "All predictions are within 1e-5." : $"A prediction is off by {worst}.");
return worst < 1e-5 ? 0 : 1;

static string Beside(string file) => Path.Combine((string)AppContext.GetData("EntryPointFileDirectoryPath")!, file);
