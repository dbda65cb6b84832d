using System.Text.Json;
using Lstm.Formats.Safetensors;

namespace Lstm.Benchmarks.Stress;

/// <summary>What came of a number of operations.</summary>
internal sealed class StressReport
{
    /// <summary>Operations in all.</summary>
    public long Operations { get; set; }

    /// <summary>Operations whose results were compared and right.</summary>
    public long Right { get; set; }

    /// <summary>Operations that were refused with an exception that says so.</summary>
    public long Refused { get; set; }

    /// <summary>Operations that ended without a result to compare.</summary>
    public long Uncompared { get; set; }

    /// <summary>Processes that ended by themselves or did not end.</summary>
    public long Crashes { get; set; }

    /// <summary>Results that were wrong, and exceptions that are none of those promised: the first of each kind.</summary>
    public SortedDictionary<string, string> Failures { get; set; } = new(StringComparer.Ordinal);

    /// <summary>How many of <see cref="Failures"/> there were in all.</summary>
    public long FailureCount { get; set; }

    /// <summary>How many of them were wrong results without an exception.</summary>
    public long Wrong { get; set; }

    /// <summary>How often each action was right, and refused.</summary>
    public SortedDictionary<string, long[]> Actions { get; set; } = new(StringComparer.Ordinal);

    public bool IsClean => Crashes == 0 && FailureCount == 0;

    public static StressReport Parse(string line) => JsonSerializer.Deserialize<StressReport>(line)!;

    public string ToLine() => JsonSerializer.Serialize(this);

    public void Add(StressReport other)
    {
        Operations += other.Operations;
        Right += other.Right;
        Refused += other.Refused;
        Uncompared += other.Uncompared;
        Crashes += other.Crashes;
        FailureCount += other.FailureCount;
        Wrong += other.Wrong;
        foreach ((string name, string text) in other.Failures)
        {
            Failures.TryAdd(name, text);
        }

        foreach ((string name, long[] counts) in other.Actions)
        {
            long[] sums = Count(name);
            for (int i = 0; i < sums.Length; i++)
            {
                sums[i] += counts[i];
            }
        }
    }

    /// <summary>The counts of an action: right, refused, neither.</summary>
    public long[] Count(string action)
    {
        if (!Actions.TryGetValue(action, out long[]? counts))
        {
            Actions[action] = counts = new long[3];
        }

        return counts;
    }

    public override string ToString()
    {
        int width = Actions.Keys.Append("action").Max(name => name.Length);
        IEnumerable<string> table = Actions.Select(
            action => $"{action.Key.PadRight(width)} {action.Value[0],10} {action.Value[1],10} {action.Value[2],10}");
        return string.Join(
            Environment.NewLine,
            [
                $"{"action".PadRight(width)} {"right",10} {"refused",10} {"uncompared",10}",
                .. table,
                .. Failures.Select(failure => $"FAILED {failure.Key}: {failure.Value}"),
                $"{Operations} operations: {Right} right results, {Refused} refused calls, {Uncompared} without a result to "
                    + $"compare, {FailureCount - Wrong} unexpected exceptions",
                $"{Crashes} crashes, {Wrong} silent wrong results",
            ]);
    }
}
