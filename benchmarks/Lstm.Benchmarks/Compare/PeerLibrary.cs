using System.ComponentModel;

namespace Lstm.Benchmarks.Compare;

/// <summary>A library that a script in benchmarks/peers times.</summary>
internal sealed record PeerLibrary(string Name, string[] Kinds, string[] Command)
{
    public static IReadOnlyList<PeerLibrary> All { get; } =
    [
        new("PyTorch", ["infer_step", "infer_seq", "train_fwdbwd", "train_step"], ["/usr/bin/python3", "lstm_torch.py"]),
        new("ONNX Runtime", ["infer_seq"], ["node", "lstm_ort.js"]),
        new("oneDNN", ["infer_seq", "train_fwdbwd"], ["onednn/lstm_onednn"]),
    ];

    /// <summary>Why it cannot be timed, once that is known.</summary>
    public string? Missing { get; private set; }

    /// <summary>Its time on a row, between the same probes as ours; null if it does not do this or is not installed.</summary>
    public PeerRow? Measure(Row row, Configuration configuration, Machine machine, double budget)
    {
        if (Missing is not null || !Kinds.Contains(row.What))
        {
            return null;
        }

        try
        {
            using PeerProcess process = new(Command, row);
            Measurement measured = Measurement.Take(process, null, machine, null, budget);
            double flops = configuration.ForwardFlops * (row.What.StartsWith("train", StringComparison.Ordinal) ? 3 : 1);
            return new PeerRow
            {
                Peer = process.Name,
                MedianUs = Math.Round(measured.Seconds * 1e6, 3),
                FractionOfPeak = Math.Round(measured.FractionOfPeak(flops) / row.Threads, 4),
                PeakGflops = Math.Round(measured.Peak, 1),
                Ratio = Math.Round(measured.Seconds * 1e6 / row.MedianUs, 3),
                IsVoid = measured.IsVoid,
            };
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException)
        {
            Missing = e.Message;
            return null;
        }
    }
}
