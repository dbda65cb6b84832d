using System.Diagnostics;

namespace Lstm.Benchmarks.Workers;

/// <summary>Another process that keeps one processor busy until this is disposed of, or until this process is gone.</summary>
internal sealed class BusyCore : IDisposable
{
    public const string Verb = "spin";

    private readonly Process _child;

    /// <param name="processor">The processor to stay on; null leaves the choice to the system, again and again.</param>
    public BusyCore(int? processor)
    {
        string host = Environment.ProcessPath!;
        List<string> arguments = ["workers", Verb];
        if (Path.GetFileNameWithoutExtension(host) == "dotnet")
        {
            arguments.Insert(0, typeof(BusyCore).Assembly.Location);
        }

        if (processor is { } pinned)
        {
            arguments = ["-c", $"{pinned}", host, .. arguments];
            host = "taskset";
        }

        _child =
            Process.Start(new ProcessStartInfo(host, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        _ = _child.StandardOutput.ReadLine();
    }

    /// <summary>The child: says that it has begun, and spins until its input ends.</summary>
    public static int Spin()
    {
        bool over = false;
        new Thread(() =>
        {
            while (Console.In.Read() >= 0)
            {
            }

            Volatile.Write(ref over, true);
        })
        { IsBackground = true }.Start();
        Console.WriteLine("busy");
        while (!Volatile.Read(ref over))
        {
            Thread.SpinWait(100);
        }

        return 0;
    }

    public void Dispose()
    {
        _child.StandardInput.Close();
        _child.WaitForExit();
        _child.Dispose();
    }
}
