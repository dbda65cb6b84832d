using System.Runtime.CompilerServices;
using Xunit.v3;

namespace Lstm.Tests.Support;

/// <summary>
/// A test of the category Slow: skipped, and reported as skipped, unless the environment says <c>LSTM_SLOW=1</c>.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SlowFactAttribute : FactAttribute, ITraitAttribute
{
    public SlowFactAttribute([CallerFilePath] string? sourceFilePath = null, [CallerLineNumber] int sourceLineNumber = -1)
        : base(sourceFilePath, sourceLineNumber) => Skip = Slow.Reason;

    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => Slow.Traits;
}

/// <inheritdoc cref="SlowFactAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SlowTheoryAttribute : TheoryAttribute, ITraitAttribute
{
    public SlowTheoryAttribute([CallerFilePath] string? sourceFilePath = null, [CallerLineNumber] int sourceLineNumber = -1)
        : base(sourceFilePath, sourceLineNumber) => Skip = Slow.Reason;

    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => Slow.Traits;
}

internal static class Slow
{
    public static readonly KeyValuePair<string, string>[] Traits = [new("Category", "Slow")];

    public static string? Reason =>
        Environment.GetEnvironmentVariable("LSTM_SLOW") == "1" ? null : "slow: runs with LSTM_SLOW=1";
}
