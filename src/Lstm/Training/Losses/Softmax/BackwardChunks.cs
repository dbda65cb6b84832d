using Lstm.Kernels.Products;
using Lstm.Sequences;

namespace Lstm.Training.Losses.Softmax;

/// <summary>Rows in the order of <see cref="RowRuns"/>, a chunk at a time: as many whole steps as fit, last ones first, or a part of one large step.</summary>
internal struct BackwardChunks
{
    private readonly SequenceShape _shape;
    private readonly int _most;
    private int _first;
    private int _rowEnd;

    public BackwardChunks(SequenceShape shape, int most)
    {
        (_shape, _first) = (shape, shape.StepCount);

        // As equal as whole steps allow.
        int chunks = (shape.RowCount + most - 1) / most;
        int step = shape.StepCount == 0 ? 0 : shape.Live(0);
        _most = chunks == 0 ? most : Math.Min(most, ((shape.RowCount + chunks - 1) / chunks) + step - 1);
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
            (Row, Rows) = (row, Math.Min(_most, _rowEnd - row));
            runs.Set(Rows);
            return true;
        }

        int end = _first;
        if (end == 0)
        {
            return false;
        }

        _first--;
        while (_first > 0 && _shape.Offset(end) - _shape.Offset(_first - 1) <= _most)
        {
            _first--;
        }

        Row = _shape.Offset(_first);
        _rowEnd = _shape.Offset(end);
        Rows = Math.Min(_most, _rowEnd - Row);
        if (Row + Rows == _rowEnd)
        {
            runs.Set(_shape, _first, end);
        }
        else
        {
            runs.Set(Rows);
        }

        return true;
    }
}
