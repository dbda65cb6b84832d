namespace Lstm.Specs;

/// <summary>How the input of each layer of a stack bypasses it. The bypass is not dropped out.</summary>
public enum LstmShortcut
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>
    /// Residual (He et al. 2016, Wu et al. 2016): each layer adds its input to its output. The sizes have to be equal, the first layer's too:
    /// give a first layer of another size a spec of its own.
    /// </summary>
    Add,

    /// <summary>
    /// Skip connections (Graves 2013, Huang et al. 2017): each layer's output is its own values, then its input. So every layer sees the
    /// stack's input and all layers before it, and the stack's output has all of them.
    /// </summary>
    Concatenate,
}
