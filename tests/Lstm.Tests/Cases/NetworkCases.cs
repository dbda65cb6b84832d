namespace Lstm.Tests.Cases;

/// <summary>
/// The list of cases over which gradients, bits, streams, recomputation, allocations, overruns and files are tested.
/// </summary>
/// <remarks>
/// A new option gets a case here and is thereby held to every promise; <see cref="NetworkCaseTests"/> fails while a property or a
/// value of an enumeration of the specs, or a loss, occurs in none.
/// </remarks>
internal static class NetworkCases
{
    private static readonly Dictionary<string, NetworkCase> ByName = new NetworkCase[][]
    {
        StackCases.All, HeadCases.All, SmallLayerCases.All, EquationCases.All, RecurrenceCases.All, LayerNormCases.All,
        BatchNormCases.All, CustomCellCases.All, LossCases.All,
    }.SelectMany(cases => cases).ToDictionary(each => each.Name);

    public static IReadOnlyCollection<NetworkCase> All => ByName.Values;

    /// <summary>The names, for theories.</summary>
    public static TheoryData<string> Names => [.. ByName.Keys];

    public static NetworkCase Get(string name) => ByName[name];
}
