using System.Numerics;

namespace Lstm.Benchmarks.Compare;

/// <summary>Runs the rows of <c>compare</c>, and the other libraries right after each.</summary>
internal static class Comparison<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static int Run(CompareOptions options)
    {
        if (options.List)
        {
            foreach ((string what, Configuration configuration) in Rows(options))
            {
                Console.WriteLine($"{what} {configuration}");
            }

            return 0;
        }

        RowRunner<T>.WarmUp(options.Threads);
        Machine machine = Machine.Measure<T>(options.Peak);
        RowRunner<T> runner = new(machine, options);
        PerformanceFile? file = options.Write ? PerformanceFile.Open() : null;
        Report report = new(options, machine);
        report.Begin(typeof(T) == typeof(float) ? "float" : "double");
        foreach ((string what, Configuration configuration) in Rows(options))
        {
            Row row;
            try
            {
                row = runner.Run(what, configuration);
            }
            catch (InvalidOperationException mismatch)
            {
                Console.Error.WriteLine($"{what} {mismatch.Message} Nothing was timed.");
                return 1;
            }

            if (options.Peers && typeof(T) == typeof(float))
            {
                row = row with
                {
                    Peers =
                    [
                        .. PeerLibrary.All.Select(peer => peer.Measure(row, configuration, machine, options.Budget))
                            .OfType<PeerRow>(),
                    ],
                };
            }

            report.Add(row);
            if (file?.Put(row) == false)
            {
                Console.Error.WriteLine($"{row.What} {row.Config} is void and was not written over a good row.");
            }
        }

        report.End();
        return 0;
    }

    // A stream has one thread.
    private static IEnumerable<(string What, Configuration Configuration)> Rows(CompareOptions options)
        => Configuration.Rows()
            .Where(row => options.Filter.IsMatch($"{row.What} {row.Configuration}")
                && (options.Threads == 1 || row.What != "infer_step"));
}
