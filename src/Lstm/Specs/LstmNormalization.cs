namespace Lstm.Specs;

/// <summary>What an LSTM layer normalises to mean 0 and variance 1.</summary>
public enum LstmNormalization
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>
    /// The values of each row (layer normalisation, Ba et al. 2016): of W_ih x, of W_hh h, each over its 4H values, and of c over its H values
    /// where h = o⊙tanh(c) shows it; c itself goes on as it is. Each is then scaled by its γ, c also shifted by β.
    /// </summary>
    Layer,

    /// <summary>
    /// The values of each unit over the sequences of the batch, step by step (recurrent batch normalisation, Cooijmans et al. 2017): of the
    /// same three. While training by the statistics of the batch itself, which makes its sequences depend on each other; otherwise, and at
    /// steps with one sequence only, by running averages.
    /// </summary>
    Batch,
}
