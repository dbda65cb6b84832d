namespace Lstm.Formats.Pickles;

/// <summary>What the names in a pickle stand for: a closed list. Everything else is refused with its name.</summary>
internal abstract class PickleObjects
{
    /// <summary>Whether a name is on the list.</summary>
    public abstract bool Knows(PickleGlobal global);

    /// <summary>Why a name that is not on the list is refused, and what to do: what follows its name in the message.</summary>
    public abstract string WhyNot(PickleGlobal global);

    /// <summary>The value of a call of a name on the list, which is not executed but understood.</summary>
    /// <exception cref="InvalidDataException">It is nothing to call, or has other arguments.</exception>
    public abstract object? Call(PickleGlobal global, object?[] arguments);

    /// <summary>The value of an object that is stored outside the pickle.</summary>
    /// <exception cref="InvalidDataException">There is none of this id.</exception>
    public abstract object? Find(object? id);
}
