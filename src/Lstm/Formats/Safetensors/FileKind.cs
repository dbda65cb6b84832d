namespace Lstm.Formats.Safetensors;

/// <summary>The kinds of files that are told apart by their bytes.</summary>
internal enum FileKind
{
    /// <summary>Nobody's that is known.</summary>
    Unknown,

    /// <summary>A safetensors file, whole or cut off.</summary>
    Safetensors,

    /// <summary>A NumPy array.</summary>
    Npy,

    /// <summary>A NumPy archive.</summary>
    Npz,

    /// <summary>PyTorch's zip archive.</summary>
    TorchArchive,

    /// <summary>A pickle, such as old versions of PyTorch write.</summary>
    Pickle,

    /// <summary>A text that begins as JSON does.</summary>
    Json,

    /// <summary>A file that is recognised and read by something else, if at all.</summary>
    Other,
}
