namespace Lstm.Training.Checkpoints;

/// <summary>
/// Lets other threads work on a training between two of its steps, when everything that a step changes belongs to one step.
/// </summary>
/// <remarks>
/// A thread that waits goes before the next step: a training whose steps follow each other without a pause keeps nobody waiting
/// for longer than one of them.
/// </remarks>
internal sealed class StepGate
{
    private readonly object _lock = new();
    private int _waiting;
    private int _stepping;

    /// <summary>Begins a step, once nobody works between steps any more.</summary>
    public void Enter()
    {
        lock (_lock)
        {
            while (_waiting > 0)
            {
                Monitor.Wait(_lock);
            }

            _stepping = Environment.CurrentManagedThreadId;
        }
    }

    /// <summary>Ends the step.</summary>
    public void Exit()
    {
        lock (_lock)
        {
            _stepping = 0;
            if (_waiting > 0)
            {
                Monitor.PulseAll(_lock);
            }
        }
    }

    /// <summary>
    /// Runs an action between two steps, or at once if no training runs. An action that throws leaves the gate as it was.
    /// </summary>
    /// <param name="call">The call, as it is named in a message.</param>
    /// <param name="action">The action.</param>
    /// <exception cref="InvalidOperationException">
    /// This thread is within a step: a loss, an optimizer or a schedule has made the call.
    /// </exception>
    public TResult Between<TResult>(string call, Func<TResult> action)
    {
        lock (_lock)
        {
            if (_stepping == Environment.CurrentManagedThreadId)
            {
                throw new InvalidOperationException(
                    $"{call} was called within a training step, by the loss, the optimizer or the schedule, when " +
                    $"the step is incomplete. "
                    + $"Call {call} from a progress callback or after Fit.");
            }

            _waiting++;
            try
            {
                while (_stepping != 0)
                {
                    Monitor.Wait(_lock);
                }

                return action();
            }
            finally
            {
                _waiting--;
                Monitor.PulseAll(_lock);
            }
        }
    }
}
