using System.Numerics;
using Lstm.Formats;
using Lstm.Runtime;

namespace Lstm;

public sealed unsafe partial class Network<T>
{
    /// <summary>
    /// Saves the network as a safetensors file: specs, parameters by name in PyTorch's layout, frozen ones, metadata, and a hash.
    /// The same network gives the same bytes.
    /// </summary>
    /// <remarks>
    /// The file is written beside its place and renamed into it once it is on disk, so that at no time, and after no failure,
    /// half a file stands there.
    /// </remarks>
    /// <param name="path">Where to; a file that is there is replaced.</param>
    /// <exception cref="ArgumentException">A layer's name or the metadata is no valid Unicode.</exception>
    /// <exception cref="IOException">
    /// The file cannot be written, or a folder, a device, a FIFO or a socket is there; what was there remains.
    /// </exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        AtomicFile.Write(path, Save);
    }

    /// <summary>Writes what <see cref="Save(string)"/> writes to a stream, at its position.</summary>
    /// <param name="stream">Stays open.</param>
    /// <exception cref="ArgumentException">A layer's name or the metadata is no valid Unicode; nothing has been written.</exception>
    public void Save(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ModelFile.Write(this, stream);
    }

    /// <summary>
    /// Overwrites all parameters with the tensors of a safetensors file, such as a PyTorch module's state_dict. All is checked
    /// before anything changes; what is frozen and the metadata stay.
    /// </summary>
    /// <remarks>
    /// The network says what is expected: layers named like the module's, <see cref="LstmBias.Two"/> for PyTorch's two bias vectors. A layer with
    /// <see cref="LstmBias.One"/> gets the sum of the two, added in double and rounded once. A file with a <c>sha256</c> in its metadata, as models
    /// and checkpoints of this library have, is refused unless its contents have that hash.
    /// </remarks>
    /// <param name="path">The file.</param>
    /// <param name="options">How tensors are found; null for tensors of the parameters' names.</param>
    /// <exception cref="InvalidDataException">
    /// The file is broken or another program's, or tensors are missing, unexpected, or of another shape or precision than their parameters: the
    /// message lists all of them.
    /// </exception>
    public void LoadStateDict(string path, StateDictOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream stream = File.OpenRead(path);
        LoadStateDict(stream, options);
    }

    /// <inheritdoc cref="LoadStateDict(string, StateDictOptions?)"/>
    /// <param name="stream">The file, from the stream's position to its end; stays open.</param>
    /// <param name="options">How tensors are found; null for tensors of the parameters' names.</param>
    public void LoadStateDict(Stream stream, StateDictOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using Use.Taking writing = TakeForWriting();
        ModelFile.ReadStateDict(this, stream, options ?? new());
    }
}

public static partial class Network
{
    /// <summary>Loads a network that was saved with <see cref="Network{T}.Save(string)"/>: the same parameters, bit for bit.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>, as the file has.</typeparam>
    /// <param name="path">The file.</param>
    /// <param name="options">How it is read; null for the defaults.</param>
    /// <exception cref="InvalidDataException">
    /// The file is broken, no model (the message says what it is and what reads it), or of another precision, or has a custom cell that is not
    /// among <see cref="LoadOptions.Cells"/>.
    /// </exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is neither float nor double.</exception>
    public static Network<T> Load<T>(string path, LoadOptions? options = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream stream = File.OpenRead(path);
        return Load<T>(stream, options);
    }

    /// <inheritdoc cref="Load{T}(string, LoadOptions?)"/>
    /// <remarks>The network computes in <see cref="float"/>.</remarks>
    public static Network<float> Load(string path, LoadOptions? options = null) => Load<float>(path, options);

    /// <inheritdoc cref="Load{T}(Stream, LoadOptions?)"/>
    /// <remarks>The network computes in <see cref="float"/>.</remarks>
    public static Network<float> Load(Stream stream, LoadOptions? options = null) => Load<float>(stream, options);

    /// <inheritdoc cref="Load{T}(string, LoadOptions?)"/>
    /// <param name="stream">The file, from the stream's position to its end; stays open. One that cannot seek is read into memory.</param>
    /// <param name="options">How it is read; null for the defaults.</param>
    public static Network<T> Load<T>(Stream stream, LoadOptions? options = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(stream);
        return ModelFile.Read<T>(stream, options ?? new());
    }
}
