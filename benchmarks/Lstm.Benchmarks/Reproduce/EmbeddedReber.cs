namespace Lstm.Benchmarks.Reproduce;

/// <summary>A walk through the embedded Reber grammar, symbol by symbol and string after string, without end.</summary>
/// <remarks>
/// A string is B, then T or P, then a string of the Reber grammar, then the same T or P, then E; of two ways, each is taken
/// with probability ½. What has to be remembered is the second symbol: the last but one repeats it, at least seven steps later.
/// </remarks>
internal sealed class EmbeddedReber
{
    public const string Symbols = "BTPSXVE";

    private const int Repeat = 7;
    private const int End = 8;
    private const int Begin = 9;
    private const int Frame = 10;

    // By state: what may come, and where it leads. The first seven are the Reber grammar's own.
    private static readonly (char Symbol, int Next)[][] Ways =
    [
        [('B', 1)],
        [('T', 2), ('P', 3)],
        [('S', 2), ('X', 4)],
        [('T', 3), ('V', 5)],
        [('X', 3), ('S', 6)],
        [('P', 4), ('V', 6)],
        [('E', Repeat)],
        [],
        [('E', Begin)],
        [('B', Frame)],
        [('T', 0), ('P', 0)],
    ];

    private static readonly (char Symbol, int Next)[] RepeatT = [('T', End)];
    private static readonly (char Symbol, int Next)[] RepeatP = [('P', End)];

    private int _state = Begin;
    private char _frame;

    /// <summary>Whether the next symbol is the first of a string.</summary>
    public bool IsAtStart => _state == Begin;

    /// <summary>The symbols that may come next, a bit each.</summary>
    public int Followers
    {
        get
        {
            int followers = 0;
            foreach ((char symbol, _) in WaysOn)
            {
                followers |= 1 << Symbols.IndexOf(symbol, StringComparison.Ordinal);
            }

            return followers;
        }
    }

    private (char Symbol, int Next)[] WaysOn => _state != Repeat ? Ways[_state] : _frame == 'T' ? RepeatT : RepeatP;

    /// <summary>Draws the next symbol: an index into <see cref="Symbols"/>.</summary>
    public int Next(Random random)
    {
        (char symbol, int next) = WaysOn[random.Next(WaysOn.Length)];
        if (_state == Frame)
        {
            _frame = symbol;
        }

        _state = next;
        return Symbols.IndexOf(symbol, StringComparison.Ordinal);
    }
}
