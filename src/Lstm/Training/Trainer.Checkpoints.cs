using Lstm.Formats;
using Lstm.Training.Checkpoints;

namespace Lstm;

public sealed partial class Trainer<T>
{
    /// <summary>
    /// Saves all that a training goes on from: the parameters and which are frozen, the optimizer's state and settings,
    /// <see cref="Position"/>, and carried states. After <see cref="LoadCheckpoint(string)"/>, in whatever process, the next
    /// Fit gives the bits that one without interruption would have given.
    /// </summary>
    /// <remarks>
    /// Batches, loss, clipping and <see cref="TrainingOptions"/> are the program's, to be given again; <see cref="TrainingOptions.Epochs"/>
    /// and <see cref="TrainingOptions.Patience"/> count anew in each call of Fit. It may be called at any time and from any thread: while Fit runs, the file is
    /// written between two steps, and the next step waits for it (<see cref="TrainingOptions.Checkpoint"/> does so by rule). The file is a safetensors file with a hash, written
    /// beside its place and renamed into it, so that at no time half a file stands there.
    /// </remarks>
    /// <param name="path">Where to; a file that is there is replaced.</param>
    /// <exception cref="ArgumentException">A layer's name is no valid Unicode, or a name that an optimizer's setting was made for is no parameter.</exception>
    /// <exception cref="InvalidOperationException">The optimizer's state belongs to another network, or the loss calls this within a training step.</exception>
    /// <exception cref="IOException">
    /// The file cannot be written, or a folder, a device, a FIFO or a socket is there; what was there remains.
    /// </exception>
    public void SaveCheckpoint(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Write(() => AtomicFile.Write(path, stream => CheckpointFile.Write(this, stream)));
    }

    /// <summary>Writes what <see cref="SaveCheckpoint(string)"/> writes to a stream, at its position.</summary>
    /// <param name="stream">Stays open.</param>
    /// <exception cref="ArgumentException">A layer's name is no valid Unicode, or a name that an optimizer's setting was made for is no parameter.</exception>
    /// <exception cref="InvalidOperationException">The optimizer's state belongs to another network, or the loss calls this within a training step.</exception>
    public void SaveCheckpoint(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Write(() => CheckpointFile.Write(this, stream));
    }

    /// <summary>Goes back to where <see cref="SaveCheckpoint(string)"/> was called. All is checked before anything changes.</summary>
    /// <remarks>
    /// The network has to have the same specs, and the optimizer to be of the same kind, with the same values of what cannot be changed
    /// later (β, ε, momentum, …). What can be – <see cref="Optimizer{T}.LearningRate"/>, factors, weight decays, which parameters are
    /// frozen – is set as it was; to go on differently, change it afterwards.
    /// </remarks>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">The file is broken, no checkpoint, or one of another network or optimizer: the message names the difference.</exception>
    /// <exception cref="InvalidOperationException">Fit runs, or the optimizer's state belongs to another network.</exception>
    public void LoadCheckpoint(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream stream = File.OpenRead(path);
        LoadCheckpoint(stream);
    }

    /// <inheritdoc cref="LoadCheckpoint(string)"/>
    /// <param name="stream">The file, from the stream's position to its end; stays open. One that cannot seek is read into memory.</param>
    public void LoadCheckpoint(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Take("LoadCheckpoint cannot be called");
        try
        {
            CheckpointFile.Read(this, stream);
        }
        finally
        {
            Volatile.Write(ref _running, 0);
        }
    }

    // The tensors are read twice, for the hash and for the file: the lock keeps steps of a hand-written loop out, the gate those of Fit.
    private void Write(Action write)
        => Gate.Between(nameof(SaveCheckpoint), () =>
        {
            lock (Network.ParameterLock)
            {
                write();
            }

            return true;
        });
}
