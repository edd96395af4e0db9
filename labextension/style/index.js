import './base.css';
import './forms.css';
import './output.css';
