using Lstm.Runtime;
using Lstm.Tests.Support;

namespace Lstm.Tests.Kernels;

public class WorkerCountTests
{
    [Fact]
    public void Of_zero_is_one_for_each_processor_and_of_a_number_that_number()
    {
        Assert.Equal(Environment.ProcessorCount, WorkerCount.Of(0));
        Assert.Equal(1, WorkerCount.Of(1));
        Assert.Equal(7, WorkerCount.Of(7));
    }

    [Fact]
    public void Of_a_negative_number_throws_and_says_what_to_use()
    {
        ArgumentOutOfRangeException e = Assert.Throws<ArgumentOutOfRangeException>("workers", () => WorkerCount.Of(-2));
        Assert.StartsWith(
            "The number of workers is -2. Use 1 for the caller's thread alone, or 0 to let the size of the work decide.",
            e.Message);
    }

    [Fact]
    public void Without_threads_two_workers_throw_and_the_default_is_one()
    {
        Assert.Equal(1, WorkerCount.Of(0, hasThreads: false));
        Assert.Equal(1, WorkerCount.Of(1, hasThreads: false));
        NotSupportedException e = Assert.ThrowsAny<NotSupportedException>(() => WorkerCount.Of(2, hasThreads: false));
        Assert.StartsWith("2 workers were asked for, but WebAssembly runs on a single thread. Use 1, or 0", e.Message);
    }

    [Fact]
    public void Zero_is_taken_wherever_workers_are_asked_for()
    {
        Network<float> network = Sample.Network<float>(1, 3, new LstmSpec(4));
        using Tape<float> tape = network.CreateTape(0);
        using Workspace<float> workspace = network.CreateWorkspace(0);
        using NetworkStream<float> stream = network.OpenStream(1, 0);
        Assert.Equal(Environment.ProcessorCount, tape.Pass.Team.Size);
        Assert.Equal(Environment.ProcessorCount, workspace.Pass.Team.Size);
        Assert.Equal(Environment.ProcessorCount, stream.Team.Size);
    }

    [Fact]
    public void A_process_bound_to_one_processor_has_one_worker_and_shares_nothing_with_a_second_one()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/taskset"), "needs taskset");
        Assert.Equal(["1 1 0"], ChildProcess.Run("workers.restricted", through: ["/usr/bin/taskset", "-c", "0"]).Succeeded());
    }

    [Fact]
    public void A_process_with_a_quota_of_one_processor_has_one_worker_and_shares_nothing_with_a_second_one()
    {
        string? group = ControlGroup();
        Assert.SkipWhen(group is null, "needs the right to make control groups");
        try
        {
            string[] through = ["/bin/sh", "-c", $"echo $$ > {group}/cgroup.procs; exec \"$0\" \"$@\""];
            Assert.Equal(["1 1 0"], ChildProcess.Run("workers.restricted", through: through).Succeeded());
        }
        finally
        {
            Directory.Delete(group!);
        }
    }

    [ChildScenario("workers.restricted")]
    internal static void PrintRestricted()
    {
        Network<float> network = Sample.Network<float>(1, 64, new LstmSpec(64));
        using Tape<float> tape = network.CreateTape(2);
        network.Forward(Sample.Batch<float>(1, 64, [.. Enumerable.Repeat(20, 32)]), tape);
        Console.WriteLine($"{Environment.ProcessorCount} {WorkerCount.Of(0)} {tape.Pass.Team.SharedRuns}");
    }

    // A new group with the time of one processor; null where that is not allowed.
    private static string? ControlGroup()
    {
        string name = $"lstm-tests-{Environment.ProcessId}";
        foreach ((string root, string file, string quota) in new[]
        {
            ("/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", "100000"),
            ("/sys/fs/cgroup", "cpu.max", "100000 100000"),
        })
        {
            string group = $"{root}/{name}";
            try
            {
                if (Directory.Exists(root))
                {
                    Directory.CreateDirectory(group);
                    File.WriteAllText($"{group}/{file}", quota);
                    return group;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                if (Directory.Exists(group))
                {
                    Directory.Delete(group);
                }
            }
        }

        return null;
    }
}
