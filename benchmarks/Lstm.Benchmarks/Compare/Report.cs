



using Lstm.Simd;

namespace Lstm.Benchmarks.Compare;

/// <summary>Prints the rows as they come, and at the end what they need to be read with.</summary>
internal sealed class Report(CompareOptions options, Machine machine)
{
    private readonly List<Row> _rows = [];

    public void Begin(string type)
    {
        if (options.Json)
        {
            return;
        }

        string fused = SimdDispatch.IsFused ? "fused" : "not fused";
        Console.WriteLine(
            $"P up to {machine.BestPeak:0} GFLOP/s of one core ({type}, {SimdDispatch.Best}, {fused}), measured again "
            + "beside each sample");
        string peers = options.Peers ? string.Concat(PeerLibrary.All.Select(peer => $"{peer.Name + " µs",18}{"×",6}")) : "";
        Console.WriteLine(
            $"{"what",-13}{"config",-25}{"median µs",12}{"GFLOP/s",9}{"P",6}{"of P",7}{"of W",7}"
            + $"{"target",18}{"alloc B",9}{"cpu",6}{peers}");
    }

    public void Add(Row row)
    {
        _rows.Add(row);
        if (options.Json)
        {
            Console.WriteLine(row.ToJson());
            return;
        }

        string peers = options.Peers ? string.Concat(PeerLibrary.All.Select(peer => PeerCells(row, peer))) : "";
        Console.WriteLine(
            $"{row.What,-13}{row.Config,-25}{row.MedianUs,12:0.00}{row.Gflops,9:0.0}{row.PeakGflops,6:0}"
            + $"{row.FractionOfPeak,7:0.000}{Optional(row.FractionOfBandwidth, "0.000"),7}{TargetCell(row),18}"
            + $"{row.AllocatedBytes,9:0.##}{row.Cpu,6:0.00}{peers}{Notes(row)}");
    }

    public void End()
    {
        if (_rows.Any(row => row.IsCoreShared))
        {
            Console.Error.WriteLine(
                "Some rows had their core for less than 97 % of the time: other work was running, run them again.");
        }

        // A row may have been measured before the machine showed its best.
        foreach (Row row in _rows.Where(row => row.IsVoid || row.PeakGflops < Statistics.OwnShare * machine.BestPeak))
        {
            Console.Error.WriteLine(
                $"void: {row.What} {row.Config}: P {row.PeakGflops:0} of best {machine.BestPeak:0}; run it again");
        }

        if (options.Peers)
        {
            foreach (PeerLibrary peer in PeerLibrary.All.Where(peer => peer.Missing is not null))
            {
                Console.Error.WriteLine($"{peer.Name} was not timed ({peer.Missing}); benchmarks/peers/setup.sh installs it.");
            }
        }
    }

    private static string Notes(Row row)
    {
        string notes = "";
        notes += row.OfForwardBackward is double ratio ? $"  {ratio:0.00} × fwd+bwd" : "";
        notes += row.SpeedUp is double speedUp
            ? $"  speed-up {speedUp:0.00} of ceiling {row.SpeedUpCeiling:0.00}, round trip {row.RoundTripNs:0} ns" : "";
        notes += row.IsVoid ? "  void" : row.Peers.Any(peer => peer.IsVoid) ? "  peer void" : "";
        return notes + (row.IsCoreShared ? "  core shared: run again" : "");
    }

    private static string PeerCells(Row row, PeerLibrary library)
    {
        PeerRow? peer = row.Peers.FirstOrDefault(peer => peer.Peer.StartsWith(library.Name, StringComparison.Ordinal));
        return $"{Optional(peer?.MedianUs, "0.00"),18}{Optional(peer?.Ratio, "0.00"),6}";
    }

    private static string TargetCell(Row row)
        => row.Target is Target target ? $"{target} {(row.Met == true ? "met" : "missed")}" : "–";

    private static string Optional(double? value, string format) => value?.ToString(format) ?? "–";
}
