using Lstm.Kernels.Products;
using Lstm.Sequences;

namespace Lstm.Training.Losses;

/// <summary>
/// Rows in the order of <see cref="RowRuns"/>, a chunk at a time: as many whole <see cref="RowBlocks"/> as fit, last ones first,
/// or some parts of one large step; at least one block, even if it does not fit.
/// </summary>
internal struct BackwardChunks
{
    private readonly SequenceShape _shape;
    private readonly RowBlocks _blocks;
    private readonly int _most;
    private int _first;
    private int _rowEnd;

    /// <summary>Cuts a shape into chunks of <paramref name="most"/> rows.</summary>
    public BackwardChunks(SequenceShape shape, RowBlocks blocks, int most)
    {
        blocks.Set(shape, 0, shape.StepCount);
        (_shape, _blocks, _first) = (shape, blocks, blocks.Count);

        // As equal as whole blocks allow.
        int chunks = (shape.RowCount + most - 1) / most;
        int block = shape.StepCount == 0 ? 0 : Math.Max(shape.Live(0), RowBlocks.StepRows);
        _most = chunks == 0 ? most : Math.Min(most, ((shape.RowCount + chunks - 1) / chunks) + block - 1);
    }

    /// <summary>First row of the chunk.</summary>
    public int Row { get; private set; }

    public int Rows { get; private set; }

    /// <summary>Goes to the next chunk and sets its order, rows counted from its first; false behind the last.</summary>
    public bool Next(RowRuns runs)
    {
        int row = Row + Rows;
        if (row < _rowEnd)
        {
            (Row, Rows) = (row, PartsWithin(_rowEnd - row));
            runs.Set(Rows);
            return true;
        }

        int end = _first;
        if (end == 0)
        {
            return false;
        }

        _first--;
        while (_first > 0 && Offset(end) - Offset(_first - 1) <= _most)
        {
            _first--;
        }

        Row = Offset(_first);
        _rowEnd = Offset(end);
        Rows = end - _first == 1 ? PartsWithin(_rowEnd - Row) : _rowEnd - Row;
        if (Row + Rows == _rowEnd)
        {
            runs.Set(_shape, _blocks.Start(_first), _blocks.Start(end));
        }
        else
        {
            runs.Set(Rows);
        }

        return true;
    }

    private readonly int Offset(int block) => _shape.Offset(_blocks.Start(block));

    // Rows of as many parts of a block as fit.
    private readonly int PartsWithin(int rows)
    {
        int parts = RowBlocks.PartsOf(rows);
        int taken = Math.Max(1, _most / RowBlocks.StepRows);
        return rows <= _most || taken >= parts ? rows : taken * RowBlocks.StepRows;
    }
}
