using System.Diagnostics;
using System.Globalization;

namespace Lstm.Benchmarks.Compare;

/// <summary>
/// A peer's script with one row ready to run, pinned like this process. It waits for a number of iterations on its input, runs
/// them, and answers with the seconds: so its samples lie between this process's probes, and only one of the two ever runs.
/// </summary>
internal sealed class PeerProcess : ITimed, IDisposable
{
    private readonly Process _process;
    private readonly int _threads;

    /// <exception cref="InvalidOperationException">The script could not get ready; the message says why.</exception>
    public PeerProcess(string[] command, Row row)
    {
        _threads = row.Threads;
        string folder = Repository.PathOf("benchmarks", "peers");
        string program = Path.Combine(folder, command[0]);
        ProcessStartInfo start = new(File.Exists(program) ? program : command[0])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] arguments =
            [.. command[1..], "--serve", "--threads", $"{row.Threads}", "--filter", $"^{row.What} {row.Config}$"];
        Array.ForEach(arguments, start.ArgumentList.Add);
        start.Environment["OMP_NUM_THREADS"] = $"{row.Threads}";
        _process = Process.Start(start)!;
        Name = _process.StandardOutput.ReadLine() ?? throw Failed();
    }

    /// <summary>Name and version of the library.</summary>
    public string Name { get; }

    public double Seconds(int iterations)
    {
        _process.StandardInput.WriteLine(iterations);
        _process.StandardInput.Flush();
        string answer = _process.StandardOutput.ReadLine() ?? throw Failed();
        if (_threads > 1)
        {
            // Teams of threads spin for a while after their work; the next probe is not to feel it.
            Thread.Sleep(20);
        }

        return double.Parse(answer, CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10)))
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    private InvalidOperationException Failed()
    {
        string errors = _process.StandardError.ReadToEnd().Trim();
        _process.WaitForExit();
        _process.Dispose();
        return new InvalidOperationException(errors.Split('\n')[^1]);
    }
}
